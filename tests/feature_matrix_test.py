"""Users combine settings that no fleet file here combines: any two of them must go together."""

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from charts_py.contract.environment import Environment
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.contract.region import Region
from charts_py.fleet.read import read_fleet
from charts_py.resources import (
    api,
    argocd,
    backup,
    consensus,
    dwcp,
    mesh,
    monitoring,
    namespaces,
    network_policies,
    operator,
    priority_classes,
    storage_classes,
)
from charts_py.resources.externals import externals
from charts_py.tree.checks import argocd as argocd_checks
from charts_py.tree.checks import registry
from charts_py.tree.file_names import place
from charts_py.tree.schemas.check import Subject, check_schemas
from charts_py.tree.schemas.kubeconform import find_kubeconform
from tests.repository import ROOT

PARTS: Final = {
    "core": (
        namespaces,
        priority_classes,
        storage_classes,
        network_policies,
        operator,
        api,
        consensus,
        mesh,
        backup,
    ),
    "dwcp": (dwcp,),
    "monitoring": (monitoring,),
}

Choices = dict[str, Any]

FACTORS: Final[Mapping[str, tuple[Any, ...]]] = {
    "kubernetes": ("1.35", "1.36", "1.37"),
    "provider": ("none", "aws", "gcp", "azure"),
    "dwcp.enabled": (True, False),
    "dwcp.acp.nodes": (3, 1, 11),
    "dwcp.networking": ({}, {"hostNetwork": True, "rateLimit": 1_000_000, "tcp_nodelay": False, "mtu": 9000}),
    "security": (
        {"certificates": "self-signed"},
        {"certificates": "cert-manager", "issuer": {"name": "ca"}},
        {"certificates": "cert-manager", "issuer": {"name": "ca", "kind": "Issuer"}},
    ),
    "serviceMesh": ({"enabled": False}, {"enabled": True}, {"enabled": True, "gateway": "edge"}),
    "api.host": (None, "api.novacron.example"),
    "api.recommender": (False, True),
    "api.spot": (False, True),
    "api.bounds": ((3, 100), (100, 100)),
    "consensus.volume": ({}, {"storageClass": "fast"}),
    "agent.maxNodes": (100, 1, 5000),
    "agent.volume": ({}, {"size": "20Gi"}, {"size": "10Gi", "storageClass": "local"}),
    "backup": ("none", "own", "cross-region"),
    "monitoring.prometheus": (False, True),
    "network.endpoint": (None, "dwcp"),
    "network.cidrs": ({}, {"kubeApiCIDRs": ["10.0.0.0/8", "fd00::/8"], "dwcpCIDRs": ["192.0.2.0/24"]}),
    "images": ({}, {"registry": "registry.example:5000/novacron"}),
    "argocd.mode": ("none", "hub", "per-cluster"),
    "argocd.regionByRegion": (True, False),
    "regions": (1, 2, 5),
}
"""What users turn in a fleet file, and what to; the first value is the plain one."""

ENVIRONMENT: Final = "lab"


def pairwise() -> list[Choices]:
    """Few choices in which every two values of two factors meet. Always the same ones."""
    names = list(FACTORS)
    spread = random.Random(0)
    missing = {
        ((left, i), (right, j))
        for left, right in itertools.combinations(names, 2)
        for i in range(len(FACTORS[left]))
        for j in range(len(FACTORS[right]))
    }
    rows: list[Choices] = []
    while missing:
        seed = min(missing)
        row = max(
            (_filled(dict(seed), names, missing, spread) for _ in range(3)),
            key=lambda each: len(missing & _pairs(each, names)),
        )
        missing -= _pairs(row, names)
        rows.append({name: FACTORS[name][index] for name, index in row.items()})
    return rows


def _filled(
    row: dict[str, int], names: list[str], missing: set[Any], spread: random.Random
) -> dict[str, int]:
    for name in spread.sample(names, len(names)):
        if name not in row:
            gains = [len(missing & _pairs({**row, name: i}, names)) for i in range(len(FACTORS[name]))]
            row[name] = gains.index(max(gains))
    return row


def _pairs(row: Mapping[str, int], names: list[str]) -> set[Any]:
    return set(itertools.combinations([(name, row[name]) for name in names if name in row], 2))


def single() -> Iterator[Choices]:
    """Each value alone, everything else plain."""
    plain = {name: values[0] for name, values in FACTORS.items()}
    for name, values in FACTORS.items():
        for value in values[1:]:
            yield {**plain, name: value}


def fleet(choices: Choices) -> dict[str, Any]:
    """The fleet file that says so."""
    low, high = choices["api.bounds"]
    api_settings = {
        "minReplicas": low,
        "maxReplicas": high,
        "recommender": choices["api.recommender"],
        "spot": choices["api.spot"],
    }
    defaults: dict[str, Any] = {
        "kubernetes": choices["kubernetes"],
        "provider": choices["provider"],
        "api": api_settings,
        "consensus": {"volume": choices["consensus.volume"]},
        "agent": {"maxNodes": choices["agent.maxNodes"], "volume": choices["agent.volume"]},
        "dwcp": {
            "enabled": choices["dwcp.enabled"],
            "acp": {"nodes": choices["dwcp.acp.nodes"]},
            "networking": choices["dwcp.networking"],
        },
        "security": choices["security"],
        "serviceMesh": choices["serviceMesh"],
        "monitoring": {"prometheus": choices["monitoring.prometheus"]},
    }
    delivery: dict[str, Any] = {
        "mode": choices["argocd.mode"],
        "regionByRegion": choices["argocd.regionByRegion"],
    }
    if choices["argocd.mode"] != "none":
        delivery["repoURL"] = "https://git.example/novacron.git"
    return {
        "environment": ENVIRONMENT,
        "version": "3.0.0",
        "images": choices["images"],
        "argocd": delivery,
        "defaults": defaults,
        "regions": [region(choices, position) for position in range(choices["regions"])],
    }


def region(choices: Choices, position: int) -> dict[str, Any]:
    """One entry of `regions`: what can't be the same in two of them."""
    name = f"lab-{position}"
    network = dict(choices["network.cidrs"])
    if choices["network.endpoint"]:
        network["dwcpEndpoint"] = f"{choices['network.endpoint']}.{name}.example:8888"
    entry: dict[str, Any] = {"name": name, "network": network}
    if choices["api.host"]:
        entry["api"] = {"host": f"{name}.{choices['api.host']}"}
    if choices["backup"] != "none":
        entry["backup"] = {"enabled": True, "bucket": bucket(choices, f"{name}-own")}
    if choices["backup"] == "cross-region":
        entry["backup"]["crossRegion"] = bucket(choices, f"{name}-far")
    return entry


def bucket(choices: Choices, name: str) -> dict[str, str]:
    """A bucket as the provider wants it."""
    account = {"account": "novacron1"} if choices["provider"] == "azure" else {}
    return {"name": name, "region": "eu-west-1", **account}


def read(folder: Path, choices: Choices) -> tuple[Environment, ...]:
    """The environment, read as users' files are: JSON is YAML."""
    file = folder / f"{ENVIRONMENT}.yaml"
    file.write_text(json.dumps(fleet(choices)))
    return read_fleet([file])


def parts(region: Region) -> dict[str, list[Manifest]]:
    """All objects of a region."""
    return {
        part: [held for module in modules for held in module.manifests(region)]
        for part, modules in PARTS.items()
    }


def differing(choices: Choices) -> str:
    """What a failure shows: the choices that aren't plain."""
    return ", ".join(f"{name}={value}" for name, value in choices.items() if value != FACTORS[name][0])


CASES: Final = [*single(), *pairwise()]


@pytest.mark.parametrize("choices", CASES, ids=differing)
def test_any_two_settings_go_together(tmp_path, choices):
    findings = []
    (environment,) = read(tmp_path, choices)
    holds: dict[tuple[str, str, str], list[ObjectId]] = {}
    files: dict[str, list[Manifest]] = {}
    for each in environment.regions:
        found = parts(each)
        for part, objects in found.items():
            if objects:
                holds[ENVIRONMENT, each.name, part] = [ObjectId.of(held) for held in objects]
            placed = place([(part, held) for held in objects])
            files |= {f"generated/{each.path}/{path}": [held] for path, held in placed.items()}
        everything = [held for objects in found.values() for held in objects]
        findings += registry.run(each.path, everything, externals(each))
    delivered = argocd.files([environment], holds)
    files |= {f"argocd/{path}": list(held) for path, held in delivered.items()}
    files |= {f"argocd/{path}": [] for path in argocd.programs(delivered)}
    findings += argocd_checks.run(files)

    assert findings == []


def test_the_objects_of_any_two_settings_fit_their_schemas(tmp_path):
    subjects: dict[str, dict[bytes, Subject]] = {}
    for choices in CASES:
        (environment,) = read(tmp_path, choices)
        for each in environment.regions[:1]:
            contents = subjects.setdefault(each.kubernetes, {})
            for held in itertools.chain.from_iterable(parts(each).values()):
                content = json.dumps(held).encode()
                contents[content] = Subject(cluster=each.path, manifest=held, content=content)
    findings = [
        finding
        for version, held in subjects.items()
        for finding in check_schemas(
            held.values(),
            kubernetes=version,
            binary=find_kubeconform(ROOT),
            third_party=ROOT / "schemas",
            cache=tmp_path / "schemas",
        ).findings
    ]

    assert findings == []
