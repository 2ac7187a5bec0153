"""A bare Git repository on this machine, and a working copy that pushes into it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.kubectl import run

BRANCH = "main"


class GitRepository:
    """What Argo CD follows.

    Attributes:
        url: `file://` URL of the bare repository.
        work: The working copy: change files here, then `push`.
    """

    def __init__(self, folder: Path) -> None:
        bare = folder / "novacron.git"
        self.work = folder / "work"
        self.url = f"file://{bare}"
        # Neither the user's nor the machine's settings (hooks, signing, another default branch) take part.
        self._environment = {
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "e2e",
            "GIT_AUTHOR_EMAIL": "e2e@novacron.io",
            "GIT_COMMITTER_NAME": "e2e",
            "GIT_COMMITTER_EMAIL": "e2e@novacron.io",
        }
        run(["git", "init", "--quiet", "--bare", "-b", BRANCH, bare], environment=self._environment)
        run(["git", "init", "--quiet", "-b", BRANCH, self.work], environment=self._environment)
        self._git("remote", "add", "origin", self.url)

    def replace(self, source: Path, names: Sequence[str]) -> None:
        """Make these folders or files of the working copy what they are in `source`."""
        for name in names:
            target = self.work / name
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            origin = source / name
            if origin.is_dir():
                shutil.copytree(origin, target)
            elif origin.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(origin, target)

    def push(self, message: str) -> str:
        """Commit everything and push it; returns the commit."""
        self._git("add", "--all", "--force")
        self._git("commit", "--quiet", "--allow-empty", "-m", message)
        self._git("push", "--quiet", "origin", BRANCH)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        return run(["git", "-C", self.work, *words], environment=self._environment)
