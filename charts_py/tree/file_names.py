"""The file name of an object, and the object of a file name: one to one, so that nothing is ever lost."""

from __future__ import annotations

import re
from collections.abc import Iterable

from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.tree_error import TreeError

MAX_NAME_BYTES = 255
"""What ext4, XFS, APFS and NTFS allow for one name."""

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_KEPT = re.compile(r"[A-Za-z0-9.-]*")
_ENCODED = re.compile(r"%([0-9A-F]{2})")
_SUFFIX = ".yaml"


class FileNameError(TreeError):
    """An object has no usable file name, a file name no object, or two objects would share a file."""


def file_name(identity: ObjectId) -> str:
    """`<Kind>.<group>_<namespace>_<name>.yaml`, without the parts that the object does not have.

    A byte other than letters, digits, `.` and `-` is written `%XX`: RBAC names may hold `:`.
    """
    if not _KIND.fullmatch(identity.kind):
        raise FileNameError(f"{identity}: kind {identity.kind!r} must be letters and digits, a letter first")
    if not identity.name:
        raise FileNameError(f"{identity}: the object has no name")
    kind = f"{identity.kind}.{identity.group}" if identity.group else identity.kind
    parts = (kind, identity.namespace, identity.name) if identity.namespace else (kind, identity.name)
    name = "_".join(map(_encode, parts)) + _SUFFIX
    if len(name) > MAX_NAME_BYTES:
        raise FileNameError(f"{identity}: its file name has {len(name)} bytes, allowed are {MAX_NAME_BYTES}")
    return name


def object_id(name: str) -> ObjectId:
    """The inverse of `file_name`. Raises FileNameError for a name that `file_name` does not give."""
    parts = name.removesuffix(_SUFFIX).split("_")
    if len(parts) in (2, 3):
        try:
            kind, *namespace, own_name = map(_decode, parts)
        except UnicodeDecodeError:
            raise _no_object(name) from None
        kind, _, group = kind.partition(".")
        identity = ObjectId(group=group, kind=kind, namespace="".join(namespace), name=own_name)
        # The longest way round is the surest: a second spelling of one object is no file name.
        if _KIND.fullmatch(kind) and own_name and file_name(identity) == name:
            return identity
    raise _no_object(name)


def place(objects: Iterable[tuple[str, Manifest]]) -> dict[str, Manifest]:
    """The path of every object, from pairs of folder (relative, `/` between parts) and manifest.

    Raises FileNameError when two objects would share a file: the same identity twice in one folder, or paths
    that differ in upper and lower case only, which are one file on macOS and Windows.
    """
    placed: dict[str, Manifest] = {}
    for folder, manifest in objects:
        identity = ObjectId.of(manifest)
        path = f"{folder}/{file_name(identity)}"
        if path in placed:
            raise FileNameError(f"{folder}: {identity} is there twice; give one of the two another name")
        placed[path] = manifest
    check_case(placed)
    return placed


def check_case(paths: Iterable[str]) -> None:
    """Raise FileNameError if two files or folders differ in upper and lower case only."""
    spellings: dict[str, str] = {}
    for path in paths:
        end = len(path)
        while end != -1:
            part = path[:end]
            first = spellings.setdefault(part.casefold(), part)
            if first != part:
                raise FileNameError(
                    f"{part} and {first} differ in upper and lower case only, which is one file on macOS and "
                    "Windows; rename one of the two"
                )
            end = path.rfind("/", 0, end)


def _no_object(name: str) -> FileNameError:
    return FileNameError(f"{name!r} names no object; expected <Kind>.<group>_<namespace>_<name>{_SUFFIX}")


def _encode(text: str) -> str:
    if _KEPT.fullmatch(text):
        return text
    return "".join(c if _KEPT.fullmatch(c) else "".join(f"%{b:02X}" for b in c.encode()) for c in text)


def _decode(text: str) -> str:
    if "%" not in text:
        return text
    return _ENCODED.sub(lambda match: chr(int(match[1], 16)), text).encode("latin-1").decode()
