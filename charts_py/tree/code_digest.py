"""One digest for everything but the fleet that decides the bytes of the tree: our code and its libraries."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

LIBRARIES = ("cdk8s", "constructs", "jsii", "pyyaml")
"""The distributions whose versions can change the output. Python's own version cannot."""


def code_digest(package: Path, libraries: Iterable[str] = LIBRARIES) -> str:
    """SHA-256 (hex) of the package's files, tests left out, and of the installed versions of `libraries`.

    All files count, not just modules: a template beside the code is code. Contents are read every time; for
    a package of this size that costs no more than a cache of them would.
    """
    digest = hashlib.sha256()
    for path in sorted(_sources(str(package))):
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        digest.update(f"{content} {os.path.relpath(path, package)}\n".encode())
    for library in libraries:
        digest.update(f"{library} {_version(library)}\n".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _sources(package: str) -> list[str]:
    found = []
    for folder, folders, names in os.walk(package):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [f"{folder}/{name}" for name in names if not name.endswith(("_test.py", ".pyc"))]
    return found
