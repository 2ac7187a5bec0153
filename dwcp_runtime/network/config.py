"""The agent's configuration: one YAML file in the shape of `charts_py.contract.dwcp.AgentConfig`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from charts_py.contract.commands import CONFIG_VARIABLE
from charts_py.contract.dwcp import AgentConfig
from charts_py.contract.json_schema import json_schema
from charts_py.contract.load import broken_rules, load
from charts_py.contract.setting import matches
from dwcp_runtime.network.config_error import ConfigError, Mistake
from dwcp_runtime.network.config_lines import MOST_BYTES, Lines, read_lines

_NOUNS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
}


def config_path(argument: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the configuration is: the argument, else NOVACRON_CONFIG; ConfigError without both."""
    found = argument or environment.get(CONFIG_VARIABLE)
    if not found:
        message = f"no configuration named; give --config FILE or set {CONFIG_VARIABLE}"
        raise ConfigError("dwcp-runtime", [Mistake(message=message)])
    return Path(found)


def load_config(path: Path) -> AgentConfig:
    """The configuration in the file at `path`. Raises ConfigError with every mistake in it."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        message = (
            f"cannot be read: {(error.strerror or str(error)).lower()}; give --config or {CONFIG_VARIABLE}"
        )
        raise ConfigError(str(path), [Mistake(message=message)]) from None
    except ValueError:
        raise ConfigError(str(path), [Mistake(message="is no name of a file")]) from None
    return parse_config(data, str(path))


def parse_config(data: bytes, file: str) -> AgentConfig:
    """The configuration in `data`. Raises ConfigError with every mistake; `file` is its name in them."""
    lines = read_lines(data, file)
    mistakes = list(_shape_mistakes(lines))
    if mistakes:
        raise ConfigError(file, sorted(mistakes, key=lambda mistake: (mistake.line or 0, str(mistake.path))))
    config = load(AgentConfig, lines.value)
    mistakes = [*_rule_mistakes(config, lines), *_peer_mistakes(config, lines)]
    if mistakes:
        raise ConfigError(file, mistakes)
    return config


def _rule_mistakes(config: AgentConfig, lines: Lines) -> Iterator[Mistake]:
    for broken in broken_rules(config):
        yield Mistake(message=broken.message, path=broken.path, line=lines.nearest(broken.path))


def _peer_mistakes(config: AgentConfig, lines: Lines) -> Iterator[Mistake]:
    """What no rule of the contract can say, because the generator derives peers and never gets them wrong."""
    seen: set[str] = set()
    for at, peer in enumerate(config.peers):
        path = ("peers", at, "region")
        if peer.region == config.region:
            yield Mistake(
                message=f"{peer.region} is the agent's own region; peers are the other ones",
                path=path,
                line=lines.nearest(path),
            )
        if peer.region in seen:
            yield Mistake(
                message=f"{peer.region} is listed twice; give each region once",
                path=path,
                line=lines.nearest(path),
            )
        seen.add(peer.region)
        port = int(peer.endpoint.rpartition(":")[2])
        if not 1 <= port <= 65535:
            path = ("peers", at, "endpoint")
            yield Mistake(
                message=f"port {port} is none; allowed: 1 to 65535", path=path, line=lines.nearest(path)
            )


@cache
def _validator() -> Any:
    def pattern(_validator: Any, wanted: str, instance: Any, _schema: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not matches(wanted, instance):
            yield jsonschema.ValidationError("does not match")

    def whole(_checker: Any, instance: Any) -> bool:
        return isinstance(instance, int) and not isinstance(instance, bool)

    extend: Any = jsonschema.validators.extend  # its stub has no types
    draft = jsonschema.Draft202012Validator
    checker = draft.TYPE_CHECKER.redefine("integer", whole)
    made = extend(draft, {"pattern": pattern}, type_checker=checker)
    return made(json_schema(AgentConfig, strict=True))


def _shape_mistakes(lines: Lines) -> Iterator[Mistake]:
    for error in _validator().iter_errors(lines.value):
        path: tuple[str | int, ...] = tuple(error.absolute_path)
        if error.validator == "required":
            for key in error.validator_value:
                if key not in error.instance:
                    words = error.schema["properties"][key]["description"]
                    yield Mistake(
                        message=f"missing: {words}", path=(*path, key), line=lines.nearest((*path, key))
                    )
        elif error.validator == "additionalProperties":
            allowed = list(error.schema["properties"])
            for key in error.instance:
                if key not in allowed:
                    close = difflib.get_close_matches(key, allowed, 1)
                    meant = f"; did you mean {close[0]}?" if close else ";"
                    yield Mistake(
                        message=f"unknown key{meant} allowed: {', '.join(allowed)}",
                        path=(*path, key),
                        line=lines.nearest((*path, key)),
                    )
        else:
            yield Mistake(message=_wrong_value(error), path=path, line=lines.nearest(path))


def _wrong_value(error: Any) -> str:
    schema = error.schema
    found = f"; found {_shown(error.instance)}"
    match error.validator:
        case "type":
            return f"must be {_NOUNS[schema['type']]}{_range(schema)}{found}"
        case "enum":
            return f"no such choice{found}; allowed: {', '.join(map(str, schema['enum']))}"
        case "minimum" | "maximum":
            return f"must be{_range(schema)}{found}"
        case "pattern":
            return f"not in the right form: {schema['description']}{found}; allowed: {schema['pattern']}"
    return str(error.message)


def _range(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of {low} or more"
    return f" of at most {high}" if high is not None else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
