"""Rules over the merged settings of one region that neither types nor patterns can state."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from charts_py.contract.agent_memory import needed
from charts_py.contract.compute import Resources
from charts_py.contract.load import broken_rules
from charts_py.contract.patterns import CIDR, ENDPOINT, QUANTITY
from charts_py.contract.quantity import parse
from charts_py.contract.region import RegionSettings
from charts_py.contract.setting import SettingInfo, info_of, key_of
from charts_py.fleet.positions import Path

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

LEAST_BYTES = "1Mi"
"""Below it no process starts and no volume exists: a unit is missing, or `m`, thousandths, stands for `M`."""

_LEAST = parse(LEAST_BYTES).nano
_HIGHEST_PORT = 65535
_IN_BYTES = ("memory", "size")


class Finding(NamedTuple):
    """A rule that does not hold: where below what it was checked on, why, what was meant, and the mapping
    whose other values the rule looks at too (None if it looks at none)."""

    path: Path
    message: str
    nearest: str | None = None
    spans: Path | None = None


def settings_findings(settings: Any) -> Iterator[Finding]:
    """Every rule that does not hold in a settings object and those below it."""
    for broken in broken_rules(settings):
        yield Finding(broken.path, broken.message, spans=broken.path[:-1])
    values = tuple(_values(settings, ()))
    for path, info, value in values:
        if not isinstance(value, str):
            continue
        if info.pattern == CIDR:
            yield from _network(path, value)
        elif info.pattern == ENDPOINT:
            yield from _endpoint(path, value)
        elif info.pattern == QUANTITY and path[-1] in _IN_BYTES and parse(value).nano < _LEAST:
            digits = re.match(r"[0-9.]+", value)
            meant = f"{digits.group()}Mi" if digits is not None and Decimal(digits.group()) else None
            yield Finding(path, f"is in bytes and must be at least {LEAST_BYTES}", meant)
    for path, _, value in values:
        if isinstance(value, Resources):
            yield from _limits(path, value)
    if isinstance(settings, RegionSettings) and settings.dwcp.enabled:
        yield from _agent_memory(settings)


def _agent_memory(settings: RegionSettings) -> Iterator[Finding]:
    """An agent above its limit is killed with all its transfers, and may never get further than that."""
    agent, streams = settings.agent, settings.dwcp.amst.max_streams
    least = needed(max_streams=streams, volume=agent.volume.capacity)
    limit = agent.resources.limits.memory
    if _LEAST <= parse(limit or agent.resources.requests.memory).nano < least.nano:
        message = (
            f"an agent with {streams} streams (dwcp.amst.maxStreams) and {agent.volume.capacity} of data "
            f"(agent.volume.size) may take {least} of memory; allow it that much as "
            "agent.resources.limits.memory, or lower those"
        )
        path = ("agent", "resources", *(("limits",) if limit else ("requests",)), "memory")
        yield Finding(path, message, str(least), spans=())


def _limits(path: Path, resources: Resources) -> Iterator[Finding]:
    for key in ("cpu", "memory"):
        limit, request = getattr(resources.limits, key), getattr(resources.requests, key)
        if limit is not None and parse(limit).nano < parse(request).nano:
            message = f"a limit must not be below the request, {request}"
            yield Finding((*path, "limits", key), message, spans=path)


def _network(path: Path, value: str) -> Iterator[Finding]:
    if value == "0.0.0.0/0":
        return
    import ipaddress  # here, because few fleets name networks

    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        yield Finding(path, "no such network: an octet of IPv4 is at most 255, IPv6 has eight groups")
        return
    if str(network.network_address) != str(ipaddress.ip_interface(value).ip):
        yield Finding(path, "an address inside a network, not a network", str(network))


def _endpoint(path: Path, value: str) -> Iterator[Finding]:
    port = int(value.rpartition(":")[2])
    if not 1 <= port <= _HIGHEST_PORT:
        yield Finding(path, f"a port is from 1 to {_HIGHEST_PORT}")


def _values(settings: DataclassInstance, path: Path) -> Iterator[tuple[Path, SettingInfo, Any]]:
    """Every value of the settings and of those below them; the entries of a list one by one."""
    for name, key, info in _declared(type(settings)):
        value, here = getattr(settings, name), (*path, key)
        if isinstance(value, tuple):
            yield from (((*here, position), info, item) for position, item in enumerate(value))
            continue
        yield here, info, value
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            yield from _values(value, here)


@cache
def _declared(cls: type[DataclassInstance]) -> tuple[tuple[str, str, SettingInfo], ...]:
    """Name, outside spelling and declaration of each field."""
    return tuple((field.name, key_of(field), info_of(field)) for field in dataclasses.fields(cls))
