"""Every rule of the contract by example: settings that break it and settings that don't.

The API server judges a rule by its `cel`, the fleet reader by its `holds`. The same samples go to both.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from charts_py.contract import names
from charts_py.contract.cluster_region import ClusterRegion
from charts_py.contract.crds import DWCPFederationSpec, NovaCronClusterSpec, NovaCronRegionSpec
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.dwcp import Acp, Amst
from charts_py.contract.environment import FleetFile
from charts_py.contract.images import ImagePin
from charts_py.contract.json_schema import field_types, json_schema, strip_optional
from charts_py.contract.load import broken_rules, load
from charts_py.contract.platform import Backup, Security
from charts_py.contract.region import RegionSettings
from charts_py.contract.setting import Rule, key_of, rules_of
from charts_py.contract.workloads import AgentVolume, Api
from tests.e2e.kubectl import Object

_BUCKET = {"name": "novacron-lab", "region": "lab-1"}
_AZURE_BUCKET = {**_BUCKET, "account": "novacronlab"}

SAMPLES: dict[type[Any], list[dict[str, Any]]] = {
    Amst: [
        {},
        {"minStreams": 32, "maxStreams": 32},
        {"minStreams": 33, "maxStreams": 32},
        {"minStreams": 512},
        {"maxStreams": 31},
    ],
    Acp: [
        {},
        {"nodes": 1, "quorumSize": 1},
        {"nodes": 7, "quorumSize": 4},
        {"nodes": 7, "quorumSize": 3},
        {"nodes": 11, "quorumSize": 6},
        {"nodes": 4},
        {"nodes": 4, "quorumSize": 2},
        {"quorumSize": 3},
        {"quorumSize": 2},
    ],
    ClusterRegion: [
        {"name": "lab-1"},
        {"name": "lab-1", "minReplicas": 3, "maxReplicas": 3},
        {"name": "lab-1", "minReplicas": 4, "maxReplicas": 3},
        {"name": "lab-1", "minReplicas": 4},
        {"name": "lab-1", "maxReplicas": 3},
        {"name": "lab-1", "replicas": 20},
        {"name": "lab-1", "replicas": 20, "minReplicas": 20},
    ],
    Api: [
        {},
        {"minReplicas": 5, "maxReplicas": 5},
        {"minReplicas": 6, "maxReplicas": 5},
        {"maxReplicas": 2},
        {"minReplicas": 100},
    ],
    AgentVolume: [
        {},
        {"size": "20Gi"},
        {"size": "20Gi", "storageClass": "fast"},
        {"storageClass": "fast"},
    ],
    Security: [
        {},
        {"certificates": "self-signed", "issuer": {"name": "lab"}},
        {"certificates": "cert-manager", "issuer": {"name": "lab"}},
        {"certificates": "cert-manager"},
    ],
    Backup: [
        {},
        {"bucket": _BUCKET},
        {"enabled": True, "bucket": _BUCKET},
        {"enabled": True},
        {"enabled": True, "crossRegion": _BUCKET},
    ],
    RegionSettings: [
        {},
        {"provider": "azure"},
        {"provider": "aws", "backup": {"bucket": _BUCKET, "crossRegion": _BUCKET}},
        {"provider": "azure", "backup": {"bucket": _AZURE_BUCKET, "crossRegion": _AZURE_BUCKET}},
        {"provider": "azure", "backup": {"bucket": _BUCKET}},
        {"provider": "azure", "backup": {"crossRegion": _BUCKET}},
        {"provider": "azure", "backup": {"bucket": _AZURE_BUCKET, "crossRegion": _BUCKET}},
    ],
    ArgoCd: [
        {},
        {"mode": "none", "repoURL": "https://git.novacron.example/fleet.git"},
        {"mode": "hub", "repoURL": "https://git.novacron.example/fleet.git"},
        {"mode": "hub"},
        {"mode": "per-cluster"},
    ],
    ImagePin: [{}, {"tag": "3.0.0"}, {"tag": "latest"}, {"tag": "latest-1"}],
}
"""By the class that declares the rules; each is that class's settings in outside spelling."""

SPECS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "NovaCronCluster": (NovaCronClusterSpec, {"version": "3.0.0", "regions": [{"name": "lab-1"}]}),
    "NovaCronRegion": (NovaCronRegionSpec, {"version": "3.0.0", "region": "lab-1", "cluster": "lab"}),
    "DWCPFederation": (
        DWCPFederationSpec,
        {"peers": [{"region": "lab-1", "endpoint": "dwcp.lab.example:8888"}]},
    ),
}
"""By kind: the class of its spec, and the smallest valid one."""

LAB_GROUP = "lab.novacron.io"
LAB_KIND = "Setting"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An object for the API server, and what the contract says of it: messages of the rules it breaks."""

    object: Object
    broken: frozenset[str]

    @property
    def name(self) -> str:
        """Name of the object."""
        name: str = self.object["metadata"]["name"]
        return name


def samples() -> list[Sample]:
    """Each sample in each place of each custom resource where its class occurs, then the fleet-only ones."""
    found: list[Sample] = []
    for kind, (spec, smallest) in SPECS.items():
        for cls, path in places(spec):
            for data in SAMPLES.get(cls, ()):
                found.append(_sample(names.API_VERSION, kind, spec, _with(smallest, path, data), len(found)))
    for cls in fleet_only():
        for data in SAMPLES[cls]:
            broken = frozenset(rule.message for rule in broken_rules(load(cls, data)))
            sample = _object(f"{LAB_GROUP}/v1", LAB_KIND, {cls.__name__: data}, len(found))
            found.append(Sample(object=sample, broken=broken))
    return found


def messages() -> set[str]:
    """What a refusal by any rule may say."""
    return {rule.message for cls in SAMPLES for rule in rules_of(cls)}


def rules() -> list[Rule[Any]]:
    """Every rule that users can break, once."""
    classes = dict.fromkeys(cls for root in (*_spec_classes(), FleetFile) for cls, _ in places(root))
    found = {rule.cel: rule for cls in classes for rule in rules_of(cls)}
    return list(found.values())


def fleet_only() -> list[type[Any]]:
    """Classes with rules that no custom resource has."""
    of_resources = {cls for root in _spec_classes() for cls, _ in places(root)}
    return [cls for cls in SAMPLES if cls not in of_resources]


def lab_definition() -> Object:
    """A definition under which the API server judges the fleet-only classes too."""
    settings = {cls.__name__: json_schema(cls, strict=False, cel=True) for cls in fleet_only()}
    spec = {"type": "object", "properties": {"spec": {"type": "object", "properties": settings}}}
    plural = f"{LAB_KIND.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{LAB_GROUP}"},
        "spec": {
            "group": LAB_GROUP,
            "scope": "Namespaced",
            "names": {"kind": LAB_KIND, "plural": plural, "singular": LAB_KIND.lower()},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": spec}}
            ],
        },
    }


def places(cls: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[type[Any], tuple[str | int, ...]]]:
    """Every settings class in this one and where it is: keys, and 0 for a list. Base classes count too."""
    for base in cls.__mro__:
        if "RULES" in vars(base):
            yield base, path
    hints = field_types(cls)
    for declared in dataclasses.fields(cls):
        inner, _ = strip_optional(hints[declared.name])
        below: tuple[str | int, ...] = (*path, key_of(declared))
        if getattr(inner, "__origin__", None) is tuple:
            inner, below = inner.__args__[0], (*below, 0)
        if dataclasses.is_dataclass(inner):
            yield from places(inner, below)


def _spec_classes() -> list[type[Any]]:
    return [spec for spec, _ in SPECS.values()]


def _with(smallest: dict[str, Any], path: tuple[str | int, ...], data: dict[str, Any]) -> dict[str, Any]:
    spec = copy.deepcopy(smallest)
    if not path:
        return {**spec, **data}
    place: Any = spec
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(key, str) else place[key]
    place[path[-1]] = data
    return spec


def _sample(api_version: str, kind: str, cls: Any, spec: dict[str, Any], number: int) -> Sample:
    broken = frozenset(rule.message for rule in broken_rules(load(cls, spec)))
    return Sample(object=_object(api_version, kind, spec, number), broken=broken)


def _object(api_version: str, kind: str, spec: dict[str, Any], number: int) -> Object:
    metadata = {"name": f"sample-{number}", "namespace": names.NAMESPACE}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
