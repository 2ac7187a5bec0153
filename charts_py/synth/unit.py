"""What is built, checked, cached and published as one: a region's tree, or everything under `argocd/`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from charts_py.contract.dwcp import Peer
from charts_py.contract.environment import Environment
from charts_py.contract.platform import Copies
from charts_py.contract.region import Region
from charts_py.contract.setting import plain

GENERATED: Final = "generated"
ARGOCD: Final = "argocd"


@dataclass(frozen=True, kw_only=True)
class RegionUnit:
    """One region. `digest` covers everything that decides its bytes."""

    region: Region
    digest: str

    @property
    def path(self) -> str:
        """Its folder, relative to the repository."""
        return unit_path(self.region)


def unit_path(region: Region) -> str:
    """The folder of a region's tree, relative to the repository."""
    return f"{GENERATED}/{region.path}"


def region_units(environments: Sequence[Environment], code: str) -> list[RegionUnit]:
    """The regions of all environments, in fleet order. `code` is the digest of the generator itself."""
    spell = _Speller()
    return [
        RegionUnit(region=region, digest=_digest(code, spell.region(region)))
        for environment in environments
        for region in environment.regions
    ]


def argocd_digest(environments: Sequence[Environment], held: Mapping[str, str], code: str) -> str:
    """The digest of all that decides what is under `argocd/`, which follows from what the regions hold.

    `held` is `Facts.held` by the path of the region's unit.
    """
    spelled = [
        _json(
            [environment.name, plain(environment.argocd), [[r.name, r.cluster] for r in environment.regions]]
        )
        for environment in environments
    ]
    return _digest(code, [*spelled, *(f"{path} {objects}" for path, objects in held.items())])


class _Speller:
    """Regions as text. What each of 100 regions must know of the 99 others is worked out once."""

    def __init__(self) -> None:
        # By identity: comparing costs as much as spelling. The regions, which outlive this, hold them all.
        self._known: dict[int, str] = {}

    def region(self, region: Region) -> list[str]:
        """Everything that decides the bytes of a region, in lines."""
        own = dataclasses.replace(region, peers=(), copies=())
        return [_json(plain(own)), "peers", *self._all(region.peers), "copies", *self._all(region.copies)]

    def _all(self, others: Sequence[Peer | Copies]) -> list[str]:
        for other in others:
            if id(other) not in self._known:
                self._known[id(other)] = _json(plain(other))
        return [self._known[id(other)] for other in others]


def _json(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _digest(code: str, lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([code, *lines]).encode()).hexdigest()
