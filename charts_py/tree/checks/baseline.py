"""A clean cluster for the tests of the rules: each test breaks one thing in it."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from charts_py.contract.external import External
from charts_py.contract.manifest import Manifest
from charts_py.tree.checks.registry import run
from charts_py.tree.finding import Finding

CLUSTER: Final = "test/us-east-1"
EXTERNAL: Final = (
    External(group="", kind="Namespace", namespace="", name="istio-system", owner="Istio"),
    External(group="", kind="Namespace", namespace="", name="velero", owner="Velero"),
    External(
        group="apps",
        kind="Deployment",
        namespace="istio-system",
        name="istio-ingressgateway",
        owner="Istio",
        labels=(("istio", "ingressgateway"),),
    ),
    External(group="", kind="Secret", namespace="istio-system", name="public-tls", owner="platform team"),
    External(group="", kind="Secret", namespace="velero", name="cloud", owner="platform team"),
    External(group="", kind="Secret", namespace="cert-manager", name="house-ca", owner="platform team"),
    External(group="", kind="Secret", namespace="novacron", name="registry", owner="platform team"),
    External(
        group="external-secrets.io",
        kind="ClusterSecretStore",
        namespace="",
        name="vault",
        owner="platform team",
    ),
    External(
        group="snapshot.storage.k8s.io",
        kind="VolumeSnapshotClass",
        namespace="",
        name="snapshots",
        owner="platform team",
    ),
    External(
        group="storage.k8s.io", kind="VolumeAttributesClass", namespace="", name="gold", owner="platform team"
    ),
    External(group="node.k8s.io", kind="RuntimeClass", namespace="", name="sandboxed", owner="platform team"),
)


@cache
def _objects() -> list[Manifest]:
    text = Path(__file__).with_name("baseline.yaml").read_text(encoding="utf-8")
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


class Baseline:
    """The objects of a cluster in which no rule finds anything, to be changed by a test."""

    def __init__(self) -> None:
        self.objects: list[Manifest] = copy.deepcopy(_objects())
        self.external: list[External] = list(EXTERNAL)

    def get(self, kind: str, name: str) -> Manifest:
        """The object of that kind and name."""
        found = [item for item in self.objects if (item["kind"], item["metadata"]["name"]) == (kind, name)]
        assert len(found) == 1, f"{len(found)} {kind} {name}"
        return found[0]

    def pod(self, kind: str = "Deployment", name: str = "novacron-api") -> dict[str, Any]:
        """The pod spec of a workload."""
        spec: dict[str, Any] = self.get(kind, name)["spec"]["template"]["spec"]
        return spec

    def container(self, kind: str = "Deployment", name: str = "novacron-api") -> dict[str, Any]:
        """The only container of a workload."""
        container: dict[str, Any] = self.pod(kind, name)["containers"][0]
        return container

    def add(self, text: str) -> Manifest:
        """Add the object that `text` is the YAML of."""
        manifest: Manifest = yaml.safe_load(text)
        self.objects.append(manifest)
        return manifest

    def remove(self, kind: str, name: str) -> None:
        """Take an object out."""
        self.objects.remove(self.get(kind, name))

    def findings(self) -> list[Finding]:
        """What the rules find now."""
        return run(CLUSTER, self.objects, self.external)

    def breaks(self, rule: str, item: str, field: str) -> Finding:
        """The one finding of `rule` about `item` at `field`; fails if there is none or more."""
        found = [finding for finding in self.findings() if finding.rule == rule]
        places = [(str(finding.object), finding.field) for finding in found]
        assert places == [(item, field)], places or f"{rule} found nothing"
        return found[0]

    def keeps(self, rule: str) -> None:
        """Fails if `rule` finds anything."""
        found = [finding for finding in self.findings() if finding.rule == rule]
        assert not found, found
