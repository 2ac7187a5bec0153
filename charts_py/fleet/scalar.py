"""What an unquoted YAML word means.

YAML 1.2 decides. Words that YAML 1.1, which most Kubernetes tools still follow, reads differently are
refused: nobody should have to know which reader a file meets.
"""

from __future__ import annotations

import re
from typing import Any

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {
    word: value for value in (True, False) for word in (str(value), str(value).lower(), str(value).upper())
}
_SWITCH = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), "true"),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), "false"),
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_DISPUTED = re.compile(
    r"[-+]?0[0-9_]+|0o[0-7]+|[-+]?0b[01_]+|[-+]0x[0-9a-fA-F_]+|0x[0-9a-fA-F]*_[0-9a-fA-F_]*"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|(?=.*_)(?=.*[0-9])[-+]?[0-9_]*\.?[0-9_]*([eE][-+]?[0-9]+)?"
)
_DOTTED = re.compile(r"\.(?=[iInN])")
_MOST_DIGITS = 30
_NUMERIC_START = frozenset("+-.0123456789")


def resolve(word: str) -> tuple[Any, str | None]:
    """The value of an unquoted word, and why it is refused (None if it isn't; the value is then the word)."""
    if word in _NULL:
        return None, None
    if word[0] in _NUMERIC_START:
        return _number(word)
    if word in _BOOL:
        return _BOOL[word], None
    if word in _SWITCH:
        reason = f"some YAML readers take {word} for {_SWITCH[word]}, others for text"
        return word, f'{reason}; write {_SWITCH[word]}, or "{word}" in quotes'
    return word, None


def _number(word: str) -> tuple[Any, str | None]:
    if _DISPUTED.fullmatch(word):
        return word, (
            "YAML readers disagree on the value of this number; write plain decimal digits, or put it "
            "in quotes where text is meant"
        )
    is_hex = _HEX.fullmatch(word) is not None
    if is_hex or _INT.fullmatch(word):
        if len(word) > _MOST_DIGITS:
            return word, f"a number of more than {_MOST_DIGITS} digits; put it in quotes where text is meant"
        return int(word, 16 if is_hex else 10), None
    if _FLOAT.fullmatch(word):
        return float(_DOTTED.sub("", word)), None
    return word, None
