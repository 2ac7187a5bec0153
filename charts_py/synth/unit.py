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
from charts_py.contract.manifest import ObjectId
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


@dataclass(frozen=True, kw_only=True)
class ArgoCdUnit:
    """The objects that tell Argo CD about the tree. They follow from what the regions hold."""

    environments: tuple[Environment, ...]
    holds: Mapping[tuple[str, str, str], Sequence[ObjectId]]
    """By environment, region and part."""
    digest: str
    path: str = ARGOCD


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


def argocd_unit(
    environments: Sequence[Environment],
    holds: Mapping[tuple[str, str, str], Sequence[ObjectId]],
    code: str,
) -> ArgoCdUnit:
    """The unit of everything under `argocd/`."""
    delivered = [
        [environment.name, plain(environment.argocd), [[r.name, r.cluster] for r in environment.regions]]
        for environment in environments
    ]
    held = sorted((key, sorted(map(str, objects))) for key, objects in holds.items())
    return ArgoCdUnit(environments=tuple(environments), holds=holds, digest=_digest(code, [delivered, held]))


class _Speller:
    """Regions as plain data. What each of 100 regions must know of the 99 others is worked out once."""

    def __init__(self) -> None:
        # By identity: comparing costs as much as spelling. The regions, which outlive this, hold them all.
        self._known: dict[int, object] = {}

    def region(self, region: Region) -> list[object]:
        """Everything that decides the bytes of a region."""
        own = dataclasses.replace(region, peers=(), copies=())
        return [plain(own), self._all(region.peers), self._all(region.copies)]

    def _all(self, others: Sequence[Peer | Copies]) -> list[object]:
        for other in others:
            if id(other) not in self._known:
                self._known[id(other)] = plain(other)
        return [self._known[id(other)] for other in others]


def _digest(code: str, data: object) -> str:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{code}\n{text}".encode()).hexdigest()
