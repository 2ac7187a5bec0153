"""Structured logs: JSON lines for machines, plain lines on a terminal, and never a secret.

An event is a short name in kebab case with fields. Whoever logs gives facts as fields and no sentences, so
that both forms carry the same.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final, TextIO

ROOT: Final = "dwcp"
"""The logger that every logger of the runtime lies below."""

HIDDEN: Final = "***"
"""What is shown instead of a secret."""

_SECRET = re.compile(r"token|secret|password|private|authorization|credential", re.IGNORECASE)
_FIELDS: Final = "dwcp_fields"
_LONGEST: Final = 4096


def logger(name: str) -> logging.Logger:
    """The logger of one part of the agent, such as `admin`."""
    return logging.getLogger(f"{ROOT}.{name}")


def event(to: logging.Logger, name: str, /, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log that something happened. Fields are plain values; one whose name speaks of a secret is hidden."""
    if to.isEnabledFor(level):
        to.log(level, name, extra={_FIELDS: fields})


def fault(to: logging.Logger, name: str, error: BaseException, /, **fields: Any) -> None:
    """Log a fault of the program's own, with where it came from."""
    trace = "".join(traceback.format_exception(error))
    event(to, name, level=logging.ERROR, error=f"{type(error).__name__}: {error}", trace=trace, **fields)


def configure(
    stream: TextIO | None = None, *, as_json: bool | None = None, level: int = logging.INFO
) -> logging.Handler:
    """Send the runtime's logs to `stream` (standard error), as JSON unless it is a terminal.

    Returns the handler, so that a test can take it away again.
    """
    stream = stream or sys.stderr
    if as_json is None:
        as_json = not stream.isatty()
    handler = _Quiet(stream)
    handler.setFormatter(JsonFormatter() if as_json else PlainFormatter())
    root = logging.getLogger(ROOT)
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False
    # Libraries speak only of what is wrong, and in the same form.
    logging.getLogger().handlers = [handler]
    logging.getLogger().setLevel(logging.WARNING)
    return handler


class JsonFormatter(logging.Formatter):
    """One JSON object per line: `ts` (RFC 3339, UTC), `level`, `logger`, `event`, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        head = {
            "ts": _stamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        fields = {key: value for key, value in _fields(record).items() if key not in head}
        return json.dumps({**head, **fields}, default=str, ensure_ascii=True)


class PlainFormatter(logging.Formatter):
    """`HH:MM:SS level event key=value ...` for people. Control characters are escaped: a name that comes
    from elsewhere can neither forge a line nor steer the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        fields = _fields(record)
        trace = fields.pop("trace", None)
        parts = [_stamp(record)[11:19], f"{record.levelname.lower():7}", _line(record.getMessage())]
        parts += [f"{key}={_word(value)}" for key, value in fields.items()]
        text = " ".join(parts)
        return f"{text}\n{trace.rstrip()}" if isinstance(trace, str) else text


class _Quiet(logging.StreamHandler[TextIO]):
    """A log that cannot be written must not end what is being logged."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        pass


def _stamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = dict(getattr(record, _FIELDS, {}))
    if record.exc_info and record.exc_info[1] is not None:
        fields["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
    return {key: _safe(key, value) for key, value in fields.items()}


def _safe(key: str, value: Any) -> Any:
    if _SECRET.search(key):
        return HIDDEN
    if isinstance(value, dict):
        return {str(inner): _safe(str(inner), entry) for inner, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(key, entry) for entry in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST or key == "trace" else text[: _LONGEST - 3] + "..."


def _line(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if isinstance(value, str) and (not text or any(c in text for c in ' "=') or not text.isprintable()):
        return json.dumps(text, ensure_ascii=not text.isprintable())
    return text
