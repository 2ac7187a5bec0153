"""The CustomResourceDefinitions of `novacron.io`, derived from the settings classes in the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.crds import DWCPFederationSpec, NovaCronClusterSpec, NovaCronRegionSpec
from charts_py.contract.json_schema import json_schema
from charts_py.contract.manifest import Manifest
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One custom resource: its names, what users set, and what `kubectl get` shows."""

    kind: str
    plural: str
    short: str
    spec: type[Any]
    status: dict[str, Any]
    columns: tuple[tuple[str, str, str], ...]
    scale: bool = False


_MEMBERS: Final = {
    "consensus": {
        "type": "object",
        "description": "Consensus as last observed.",
        "properties": {
            "members": {"type": "integer", "description": "Voters."},
            "quorum": {"type": "integer", "description": "Voters that must agree."},
            "healthy": {"type": "integer", "description": "Voters that answered."},
            "leader": {"type": "string", "description": "Pod that leads."},
            "selector": {"type": "string", "description": "Label selector of the members' pods."},
        },
    }
}

_READY: Final = ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status')
_REASON: Final = ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason')
_AGE: Final = ("Age", "date", ".metadata.creationTimestamp")

DEFINITIONS: Final = (
    Definition(
        kind="NovaCronCluster",
        plural="novacronclusters",
        short="ncc",
        spec=NovaCronClusterSpec,
        status={
            **_MEMBERS,
            "regions": {
                "type": "array",
                "description": "Each region as last observed.",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "description": "Name of the region."},
                        "ready": {"type": "boolean", "description": "Whether all of it is ready."},
                        "message": {"type": "string", "description": "What is missing."},
                    },
                },
            },
        },
        columns=(
            ("Version", "string", ".spec.version"),
            ("Management", "string", ".spec.management"),
            _READY,
            _REASON,
            _AGE,
        ),
        scale=True,
    ),
    Definition(
        kind="NovaCronRegion",
        plural="novacronregions",
        short="ncr",
        spec=NovaCronRegionSpec,
        status={
            **_MEMBERS,
            "api": {
                "type": "object",
                "description": "The API as last observed.",
                "properties": {
                    "desired": {"type": "integer", "description": "Pods that the autoscaler asks for."},
                    "ready": {"type": "integer", "description": "Pods that are ready."},
                },
            },
        },
        columns=(
            ("Cluster", "string", ".spec.cluster"),
            ("Version", "string", ".spec.version"),
            ("Voters", "integer", ".status.consensus.members"),
            _READY,
            _REASON,
            _AGE,
        ),
        scale=True,
    ),
    Definition(
        kind="DWCPFederation",
        plural="dwcpfederations",
        short="dwcpfed",
        spec=DWCPFederationSpec,
        status={
            "links": {
                "type": "array",
                "description": "Each link as last measured.",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["region"],
                "items": {
                    "type": "object",
                    "required": ["region"],
                    "properties": {
                        "region": {"type": "string", "description": "The other end."},
                        "connected": {"type": "boolean", "description": "Whether an agent is connected."},
                        "roundTripMicroseconds": {"type": "integer", "description": "Median round trip."},
                    },
                },
            }
        },
        columns=(_READY, _REASON, _AGE),
    ),
)


def manifests() -> list[Manifest]:
    """The three definitions, the same in every cluster."""
    return [_definition(definition) for definition in DEFINITIONS]


def _definition(definition: Definition) -> Manifest:
    return manifest(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        f"{definition.plural}.{names.API_GROUP}",
        app=names.OPERATOR,
        component="operator",
        wave=Wave.DEFINITIONS,
        spec={
            "group": names.API_GROUP,
            "names": {
                "kind": definition.kind,
                "listKind": f"{definition.kind}List",
                "plural": definition.plural,
                "singular": definition.kind.lower(),
                "shortNames": [definition.short],
                "categories": [names.PRODUCT],
            },
            "scope": "Namespaced",
            "conversion": {"strategy": "None"},
            "versions": [_version(definition)],
        },
    )


def _version(definition: Definition) -> dict[str, Any]:
    _, _, version = names.API_VERSION.partition("/")
    subresources: dict[str, Any] = {"status": {}}
    if definition.scale:
        subresources["scale"] = {
            "specReplicasPath": ".spec.dwcp.acp.nodes",
            "statusReplicasPath": ".status.consensus.members",
            "labelSelectorPath": ".status.consensus.selector",
        }
    return {
        "name": version,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path} for name, kind, path in definition.columns
        ],
        "subresources": subresources,
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "required": ["spec"],
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"type": "object"},
                    "spec": json_schema(definition.spec, strict=False, cel=True),
                    "status": _status(definition.status),
                },
            }
        },
    }


def _status(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "What the operator last observed.",
        "properties": {
            "observedGeneration": {
                "type": "integer",
                "format": "int64",
                "description": "Generation of the spec that this status speaks of.",
            },
            "conditions": {
                "type": "array",
                "description": "Conditions, as every Kubernetes API has them.",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                "items": _condition(),
            },
            **properties,
        },
    }


def _condition() -> dict[str, Any]:
    """metav1.Condition, with its published limits."""
    return {
        "type": "object",
        "required": ["type", "status", "lastTransitionTime", "reason", "message"],
        "properties": {
            "type": {"type": "string", "maxLength": 316},
            "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
            "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0},
            "lastTransitionTime": {"type": "string", "format": "date-time"},
            "reason": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1024,
                "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
            },
            "message": {"type": "string", "maxLength": 32768},
        },
    }
