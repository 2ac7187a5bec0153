"""The one spelling of a manifest: the same object gives the same bytes on any machine, in any run.

The style is the one that `kubectl get -o yaml` prints: insertion order, two spaces, lists not indented under
their key, long lines left whole, texts of several lines as literal blocks, double quotes round a string that
some YAML reader would take for a number, a date, a truth value or null.
"""

from __future__ import annotations

import io
import math
import re

import yaml

from charts_py.contract.manifest import Manifest
from charts_py.tree.tree_error import TreeError

MAX_DEPTH = 200
"""Levels of nesting; the deepest CRD schemas have about 60, and a value that holds itself has no end."""

_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_STR = "tag:yaml.org,2002:str"
_LIST = "tag:yaml.org,2002:seq"
_DICT = "tag:yaml.org,2002:map"

# YAML 1.1, YAML 1.2 and the readers of Go, Python and Ruby disagree on what a plain scalar is. Whatever
# one of them would not read as a string is in here.
_READS_AS_ANOTHER_TYPE = re.compile(
    r"""
      | ~ | = | <<
      | null | true | false | yes | no | on | off | y | n
      | [-+]? \. (?: inf | nan )
      | [-+]? 0b [01_]+
      | [-+]? 0o [0-7_]+
      | [-+]? 0x [0-9a-f_]+
      | [-+]? (?: [0-9][0-9_]* (?: \. [0-9_]* )? | \. [0-9_]+ ) (?: e [-+]? [0-9]+ )?
      | [-+]? [0-9][0-9_]* (?: : [0-5]?[0-9] )+ (?: \. [0-9_]* )?      # base 60: 12:30
      | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: [t\ \t] .* )?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

# Line breaks to YAML 1.1, ordinary characters to YAML 1.2 (or the other way round): safe only as escapes.
_DISPUTED_BREAK = re.compile("[\r\x85\u2028\u2029]")

_SURROGATE = re.compile("[\ud800-\udfff]")


class NotCanonicalError(TreeError):
    """A manifest holds something that JSON, and so Kubernetes, cannot hold. The text names the field."""


class _MisfitError(Exception):
    """Carries the reason up to the root; every level on the way adds its step of the path."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str] = []


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
    try:
        node = _node(manifest, MAX_DEPTH)
    except _MisfitError as misfit:
        field = "".join(reversed(misfit.steps)).removeprefix(".") or "(the object itself)"
        raise NotCanonicalError(f"{_label(manifest)}: field {field}: {misfit.reason}") from None
    out = io.BytesIO()
    out.write(f"# {header}\n".encode())
    dumper = yaml.CSafeDumper(out, width=-1, allow_unicode=True, encoding="utf-8")
    try:
        dumper.open()
        dumper.serialize(node)
        dumper.close()
    finally:
        dumper.dispose()
    # libyaml closes a document that held a `|+` block by `...`, which no reader needs at the end of a file.
    content = out.getvalue()
    return content[: -len(b"...\n")] if content.endswith(b"\n...\n") else content


def _node(value: object, depth: int) -> yaml.Node:
    """The YAML node of `value`, always a new one: a node met twice would be printed as an anchor."""
    kind = type(value)
    if kind is str:
        return _string(value)  # type: ignore[arg-type]  # `kind is` narrows the value for us, not for mypy
    if not depth:
        raise _MisfitError(f"nested deeper than {MAX_DEPTH} levels; does the value hold itself?")
    if kind is dict:
        pairs = []
        for key, item in value.items():  # type: ignore[attr-defined]  # as above
            if type(key) is not str:
                raise _MisfitError(f"key {key!r} is of type {type(key).__name__}; keys are strings")
            try:
                pairs.append((_string(key), _node(item, depth - 1)))
            except _MisfitError as misfit:
                misfit.steps.append(f".{key}" if key.isidentifier() else f"[{key!r}]")
                raise
        return yaml.MappingNode(_DICT, pairs, flow_style=False)
    if kind is list:
        items = []
        for number, item in enumerate(value):  # type: ignore[arg-type]  # as above
            try:
                items.append(_node(item, depth - 1))
            except _MisfitError as misfit:
                misfit.steps.append(f"[{number}]")
                raise
        return yaml.SequenceNode(_LIST, items, flow_style=False)
    return _plain(value)


def _plain(value: object) -> yaml.ScalarNode:
    # Exact types only: an enum or a subclass of str has a spelling of its own, which a version may change.
    if value is None:
        return yaml.ScalarNode(_NULL, "null")
    if type(value) is bool:
        return yaml.ScalarNode(_BOOL, "true" if value else "false")
    if type(value) is int:
        return yaml.ScalarNode(_INT, str(value))
    if type(value) is float:
        if not math.isfinite(value):
            raise _MisfitError(f"{value!r} is no JSON number")
        digits, exponent, power = repr(value).partition("e")
        # YAML 1.1 takes `1e+16` for a string: a float needs its dot.
        return yaml.ScalarNode(_FLOAT, f"{digits if '.' in digits else digits + '.0'}{exponent}{power}")
    raise _MisfitError(
        f"{value!r} is of type {type(value).__name__}; allowed are dict, list, str, int, float, bool and None"
    )


def _string(text: str) -> yaml.ScalarNode:
    if _SURROGATE.search(text):
        raise _MisfitError(f"{text!r} holds half of a surrogate pair, which UTF-8 cannot hold")
    style = None
    if _READS_AS_ANOTHER_TYPE.fullmatch(text) or text[0].isspace() or _DISPUTED_BREAK.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif text[-1].isspace():
        style = '"'
    return yaml.ScalarNode(_STR, text, style=style)


def _label(manifest: object) -> str:
    """Enough to find the object, even when it is malformed."""
    if not isinstance(manifest, dict):
        return "manifest"
    metadata = manifest.get("metadata")
    name = metadata.get("name", "without a name") if isinstance(metadata, dict) else "without a name"
    return f"{manifest.get('kind', 'object')} {name}"
