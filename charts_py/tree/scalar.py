"""How one scalar is written: plain, in double quotes or as a literal block.

libyaml decides it, and knows what has to be escaped. Asking it takes 30 times longer than to look up what it
said before, and a tree of thousands of objects holds few different texts.
"""

from __future__ import annotations

import io
import math
import re
from functools import lru_cache

import yaml

_STR = "tag:yaml.org,2002:str"
_KEPT_SPELLINGS = 1 << 15
"""About 5 MB; the texts of two large regions."""

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

# Nothing in it is special to YAML, whatever stands around it.
_ORDINARY = re.compile(r"[A-Za-z0-9/][A-Za-z0-9/._-]*")


class MisfitError(Exception):
    """A value that JSON, and so Kubernetes, cannot hold. On the way up, every level adds its step."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str] = []


@lru_cache(maxsize=_KEPT_SPELLINGS)
def line(text: str) -> str:
    """`text` on one line, which suits a key as well as a value. MisfitError for a lone surrogate."""
    if _SURROGATE.search(text):
        raise MisfitError(f"{text!r} holds half of a surrogate pair, which UTF-8 cannot hold")
    quoted = _has_to_be_quoted(text) or text[-1].isspace() or "\n" in text
    if not quoted and _ORDINARY.fullmatch(text):
        return text
    return _by_libyaml(text, '"' if quoted else None)


def lines(text: str, indent: str) -> str:
    """`text`, which holds a line break, as the literal block below a key or an item that stands at `indent`.

    It is written on one line where a block can't hold it. MisfitError as of `line`.
    """
    if _has_to_be_quoted(text) or _SURROGATE.search(text):
        return line(text)
    return _by_libyaml(text, "|").replace("\n  ", f"\n{indent}  ")


def _has_to_be_quoted(text: str) -> bool:
    return bool(_READS_AS_ANOTHER_TYPE.fullmatch(text) or text[0].isspace() or _DISPUTED_BREAK.search(text))


def other(value: object) -> str:
    """A scalar that is no string. MisfitError if it is nothing that JSON has."""
    # Exact types only: an enum or a subclass of str has a spelling of its own, which a version may change.
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is float:
        if not math.isfinite(value):
            raise MisfitError(f"{value!r} is no JSON number")
        digits, exponent, power = repr(value).partition("e")
        # YAML 1.1 takes `1e+16` for a string: a float needs its dot.
        return f"{digits if '.' in digits else digits + '.0'}{exponent}{power}"
    raise MisfitError(
        f"{value!r} is of type {type(value).__name__}; allowed are dict, list, str, int, float, bool and None"
    )


def _by_libyaml(text: str, style: str | None) -> str:
    """What libyaml writes for `text` behind a key at the left margin, the last line break left out."""
    key, value = yaml.ScalarNode(_STR, "k"), yaml.ScalarNode(_STR, text, style=style)
    out = io.BytesIO()
    dumper = yaml.CSafeDumper(out, width=-1, allow_unicode=True, encoding="utf-8")
    try:
        dumper.open()
        dumper.serialize(yaml.MappingNode("tag:yaml.org,2002:map", [(key, value)], flow_style=False))
        dumper.close()
    finally:
        dumper.dispose()
    written = out.getvalue().decode().removeprefix("k: ")
    # libyaml closes a document that held a `|+` block by `...`, which no reader needs at the end of a file.
    return written.removesuffix("...\n" if written.endswith("\n...\n") else "").removesuffix("\n")
