"""A copy of this repository for a test that runs the real command in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A folder with fleet/, schemas/, generated/ and argocd/ that `novacron` can be run in."""

    root: Path

    @classmethod
    def copy(cls, folder: Path, *, published: bool = True) -> Repository:
        """A copy in `folder`; without the published tree if not `published`."""
        for name in ("fleet", "schemas", *(("generated", "argocd") if published else ())):
            shutil.copytree(ROOT / name, folder / name)
        binaries = folder / ".novacron" / "bin"
        binaries.mkdir(parents=True)
        (binaries / "kubeconform").symlink_to(ROOT / ".novacron" / "bin" / "kubeconform")
        return cls(root=folder)

    def novacron(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        """The command line of `novacron` with `arguments`."""
        return [sys.executable, "-m", "charts_py.cli", *arguments]

    def published(self) -> dict[str, bytes]:
        """Every published file, indexes too, by its path in the repository."""
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for folder in ("generated", "argocd")
            for file in sorted((self.root / folder).rglob("*"))
            if file.is_file()
        }

    def change(self, file: str, old: str, new: str) -> None:
        """Replace the first `old` in a file; it must be there."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1))


def differing(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """Paths that came, went or changed."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
