"""The one spelling of a manifest: the same object gives the same bytes on any machine, in any run.

The style is the one that `kubectl get -o yaml` prints: insertion order, two spaces, lists not indented under
their key, long lines left whole, texts of several lines as literal blocks, double quotes round a string that
some YAML reader would take for a number, a date, a truth value or null.
"""

from __future__ import annotations

from typing import Any

from charts_py.contract.manifest import Manifest
from charts_py.tree import scalar
from charts_py.tree.scalar import MisfitError
from charts_py.tree.tree_error import TreeError

MAX_DEPTH = 200
"""Levels of nesting; the deepest CRD schemas have about 60, and a value that holds itself has no end."""

_LONGEST_SIMPLE_KEY = 128
"""Characters; a longer key is marked by `?`, since readers need not look further for its colon."""


class NotCanonicalError(TreeError):
    """A manifest holds something that JSON, and so Kubernetes, cannot hold. The text names the field."""


def provenance(fleet_file: str) -> str:
    """The header for files made from `fleet_file` (a path relative to the repository)."""
    return f"Made by novacron from {fleet_file}. Do not edit: change that file, then run `make synth`."


def to_yaml(manifest: Manifest, header: str) -> bytes:
    """`manifest` as UTF-8 YAML, its first line being the comment `# header`.

    Raises NotCanonicalError for a key that is not a string, a value that JSON does not have (NaN, infinity,
    tuple, enum, ...), a lone surrogate, or nesting deeper than MAX_DEPTH.
    """
    if not header.isprintable():
        raise ValueError(f"a header is one printable line, got {header!r}")
    out = [f"# {header}\n"]
    try:
        if manifest:
            _write_mapping(manifest, "", "", out, MAX_DEPTH)
        else:
            out.append("{}\n")
    except MisfitError as misfit:
        field = "".join(reversed(misfit.steps)).removeprefix(".") or "(the object itself)"
        raise NotCanonicalError(f"{_label(manifest)}: field {field}: {misfit.reason}") from None
    return "".join(out).encode()


def _write_mapping(value: dict[str, Any], first: str, indent: str, out: list[str], depth: int) -> None:
    """Append the lines of a mapping: the first begins with `first`, the others with `indent`."""
    start = first
    for key, item in value.items():
        if type(key) is not str:
            raise MisfitError(f"key {key!r} is of type {type(key).__name__}; keys are strings")
        try:
            written = scalar.line(key)
            if len(written) > _LONGEST_SIMPLE_KEY:
                written = f"? {written}\n{indent}"
            _write_entry(item, f"{start}{written}:", indent, out, depth)
        except MisfitError as misfit:
            misfit.steps.append(f".{key}" if key.isidentifier() else f"[{key!r}]")
            raise
        start = indent


def _write_entry(item: object, head: str, indent: str, out: list[str], depth: int) -> None:
    """Append a key's value; `head` is the line up to the colon, `indent` where the key stands."""
    if type(item) is dict and item:
        out.append(f"{head}\n")
        deeper = f"{indent}  "
        _write_mapping(item, deeper, deeper, out, _below(depth))
    elif type(item) is list and item:
        out.append(f"{head}\n")
        _write_list(item, indent, indent, out, _below(depth))
    else:
        out.append(f"{head} {_inline(item, indent)}\n")


def _write_list(value: list[Any], first: str, indent: str, out: list[str], depth: int) -> None:
    """Append the lines of a list; `first` and `indent` as of a mapping. Items that hold something begin on
    the line of their dash."""
    start, deeper = first, f"{indent}  "
    for number, item in enumerate(value):
        try:
            if type(item) is dict and item:
                _write_mapping(item, f"{start}- ", deeper, out, _below(depth))
            elif type(item) is list and item:
                _write_list(item, f"{start}- ", deeper, out, _below(depth))
            else:
                out.append(f"{start}- {_inline(item, indent)}\n")
        except MisfitError as misfit:
            misfit.steps.append(f"[{number}]")
            raise
        start = indent


def _inline(value: object, indent: str) -> str:
    """What stands behind a colon or a dash at `indent`: a scalar, or an empty mapping or list."""
    if type(value) is str:
        return scalar.lines(value, indent) if "\n" in value else scalar.line(value)
    if type(value) is dict:
        return "{}"
    return "[]" if type(value) is list else scalar.other(value)


def _below(depth: int) -> int:
    if depth == 1:
        raise MisfitError(f"nested deeper than {MAX_DEPTH} levels; does the value hold itself?")
    return depth - 1


def _label(manifest: object) -> str:
    """Enough to find the object, even when it is malformed."""
    if not isinstance(manifest, dict):
        return "manifest"
    metadata = manifest.get("metadata")
    name = metadata.get("name", "without a name") if isinstance(metadata, dict) else "without a name"
    return f"{manifest.get('kind', 'object')} {name}"
