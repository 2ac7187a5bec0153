"""kubectl, as people run it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Object = dict[str, Any]

TIMEOUT_SECONDS = 240


def as_list(objects: Sequence[Object]) -> str:
    """Objects as one document that kubectl reads."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


class CommandError(Exception):
    """A command did not exit with 0; the message holds it and what it printed on standard error."""

    def __init__(self, command: Sequence[str], code: int, stderr: str) -> None:
        super().__init__(f"`{' '.join(command)}` exited with {code}\n{stderr.strip()[-4000:]}")
        self.stderr = stderr


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = TIMEOUT_SECONDS,
) -> str:
    """Run a command to its end and return what it printed; CommandError unless it exits with 0."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        input=stdin if stdin is not None else "",
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
        cwd=cwd,
        timeout=seconds,
        check=False,
    )
    if done.returncode != 0:
        raise CommandError(words, done.returncode, done.stderr or done.stdout)
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Kubectl:
    """kubectl against one cluster.

    Attributes:
        binary: The executable.
        environment: Holds KUBECONFIG and a discovery cache of the run's own, so that nothing of the user's
            home is read or written.
        context: The kubeconfig's context; None for its current one.
    """

    binary: Path
    environment: Mapping[str, str] = field(repr=False)
    context: str | None = None

    def __call__(self, *words: str | Path, stdin: str | None = None, seconds: float = TIMEOUT_SECONDS) -> str:
        """`kubectl <words>`; returns its standard output."""
        context = ["--context", self.context] if self.context else []
        return run(
            [self.binary, *context, *words], stdin=stdin, environment=self.environment, seconds=seconds
        )

    def shell(self, command: str) -> str:
        """A command line as the deployment guide prints it, `kubectl ...` with pipes and quotes."""
        path = f"{self.binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return run(
            ["bash", "-euo", "pipefail", "-c", command], environment={**self.environment, "PATH": path}
        )

    def get(self, *words: str) -> Object:
        """One object, or a List of them, as JSON."""
        found: Object = json.loads(self("get", *words, "-o", "json"))
        return found

    def items(self, *words: str) -> list[Object]:
        """The objects of a list."""
        found: list[Object] = self.get(*words)["items"]
        return found

    def find(self, *words: str) -> Object | None:
        """One object, or None when there is none."""
        text = self("get", *words, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def apply(self, objects: Sequence[Object], *, manager: str = "kubectl") -> str:
        """`kubectl apply --server-side` of objects that tests make up."""
        return self(
            "apply",
            "--server-side",
            "--field-manager",
            manager,
            "-f",
            "-",
            stdin=as_list(objects),
        )

    def refusal(self, *words: str | Path, stdin: str | None = None) -> str:
        """What the API server says when it refuses this; empty if it doesn't."""
        try:
            self(*words, stdin=stdin)
        except CommandError as error:
            return error.stderr.strip()
        return ""

    def apply_files(self, files: Sequence[Path]) -> str:
        """`kubectl apply --server-side` of files, in one call."""
        return self("apply", "--server-side", *[word for path in files for word in ("-f", str(path))])
