"""Which files are ours: a committed list in every published folder. What it doesn't name is never deleted.

One list per unit (a region's folder, or `argocd`), so that a new region adds a list instead of changing one.
It holds names and no hashes: Git has the contents, a changed value then touches only the files that show it,
and two branches that both add files merge line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from charts_py.tree.tree_error import TreeError

INDEX_NAME = ".novacron-index"
"""No `.yaml`: neither `kubectl apply -f FOLDER` nor Argo CD may take the list for a manifest."""

_HEADER = "# The files in this folder that novacron made and may delete. Made by novacron: do not edit.\n"
_CONFLICT = re.compile(r"<{7}( |$)|={7}$|>{7}( |$)|\|{7}( |$)")
_PART = re.compile(r"[A-Za-z0-9%_-][A-Za-z0-9%_.:@+-]*")


class UntrustedIndexError(TreeError):
    """An ownership index cannot be trusted; nothing was changed."""


def format_index(paths: Iterable[str]) -> bytes:
    """The list of `paths` (relative to the unit, `/` between parts) as bytes, sorted."""
    lines = sorted(set(paths))
    for line in lines:
        if not is_path(line):
            raise ValueError(f"{line!r} is no relative path of a published file")
    return (_HEADER + "".join(f"{line}\n" for line in lines)).encode()


def parse_index(content: bytes, where: str) -> frozenset[str]:
    """The paths in `content`; `where` is the file's name in errors.

    Order and repetition don't matter, so that a union merge is a good index. Raises UntrustedIndexError for
    a line that could not be ours: what is listed may be deleted, so nothing is guessed.
    """
    paths = set()
    for number, raw in enumerate(content.split(b"\n"), start=1):
        line = raw.removesuffix(b"\r").decode("utf-8", "backslashreplace")
        if not line or line.startswith("#"):
            continue
        if _CONFLICT.match(line):
            raise UntrustedIndexError(
                f"{where}:{number}: a merge conflict is left in the index; keep the lines of both sides, "
                "remove the three markers, and run again"
            )
        if not is_path(line):
            raise UntrustedIndexError(
                f"{where}:{number}: {line!r} is no path of a published file (relative, inside this folder, "
                f"no hidden part); restore the file with `git checkout -- {where}`"
            )
        paths.add(line)
    return frozenset(paths)


def is_path(path: str) -> bool:
    """Whether `path` could be a published file: relative, inside the unit, no part hidden."""
    return all(map(_PART.fullmatch, path.split("/")))
