"""One digest for everything but the fleet that decides the bytes of the tree: our code and its libraries."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable
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
    for library, version in installed_versions(libraries, sys.path).items():
        digest.update(f"{library} {version}\n".encode())
    return digest.hexdigest()


_INSTALLED = re.compile(r"(?P<name>[^-]+)-(?P<version>.+)\.(?:dist-info|egg-info)")


def installed_versions(libraries: Iterable[str], path: Iterable[str]) -> dict[str, str]:
    """The version of each distribution as the first folder of `path` that has it names it, which is where it
    is imported from.

    The names of folders say it, as the standard for installed distributions demands: `importlib.metadata`,
    which reads a file in each, takes as long to import as all our code takes to hash.
    """
    found: dict[str, str] = {}
    for folder in path:
        here = filter(None, map(_INSTALLED.fullmatch, _names(folder or ".")))
        found = {_normal(match["name"]): match["version"] for match in here} | found
    return {library: found.get(_normal(library), "not installed") for library in libraries}


def _names(folder: str) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []  # an archive, or a folder that isn't there


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sources(package: str) -> list[str]:
    found = []
    for folder, folders, names in os.walk(package):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [f"{folder}/{name}" for name in names if not name.endswith(("_test.py", ".pyc"))]
    return found
