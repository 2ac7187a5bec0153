"""What the API server itself refuses once a region is applied, and what it must accept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charts_py.contract.dwcp import Acp, Amst
from charts_py.contract.names import API_VERSION, CONSENSUS, NAMESPACE
from charts_py.contract.setting import rules_of
from tests.e2e import apply
from tests.e2e.kubectl import Kubectl, Object, as_list
from tests.e2e.report import CheckError, Report
from tests.e2e.rule_samples import SPECS, Sample, lab_definition, messages, samples
from tests.e2e.tree import RegionTree

_REFUSAL = re.compile(
    r'^(?:Error from server \(Invalid\): error when creating "STDIN": |The )\S+ "([^"]+)" is invalid:',
    flags=re.MULTILINE,
)
"""How kubectl begins what it says of one refused object: of several, and of a single one."""

_NET_ADMIN = {"drop": ["ALL"], "add": ["NET_ADMIN"]}

GUIDE_CLUSTER = Path(__file__).with_name("guide_cluster.yaml")

_ODD, _QUORUM = (rule.message for rule in rules_of(Acp))
(_STREAMS,) = (rule.message for rule in rules_of(Amst))

_REFUSED_CLUSTERS = {
    "an even number of nodes": ({"acp": {"nodes": 4}}, _ODD),
    "a wrong quorumSize": ({"acp": {"nodes": 7, "quorumSize": 3}}, _QUORUM),
    "minStreams above maxStreams": ({"amst": {"minStreams": 64, "maxStreams": 32}}, _STREAMS),
    "more nodes than consensus can have": ({"acp": {"nodes": 13}}, "less than or equal to 11"),
}
"""What is wrong -> settings of DWCP and what the refusal says."""


def check_refusals(kubectl: Kubectl, tree: RegionTree, report: Report, *, needs: str) -> None:
    """Everything that only asks and changes nothing: dry runs against the server's own admission."""
    where = f"{tree.environment}/{tree.region}"

    def step(name: str, act: Callable[[], object]) -> None:
        report.step(f"{where}: {name}", act, needs=needs)

    for what, (dwcp, message) in _REFUSED_CLUSTERS.items():
        step(
            f"a NovaCronCluster with {what} is refused",
            lambda dwcp=dwcp, message=message: _refused(kubectl, message, [_cluster(dwcp)]),
        )
    step("a changed NovaCronRegion.spec.region is refused", lambda: _region_keeps_its_name(kubectl, tree))
    step(
        "Pod Security refuses a pod on the host network",
        lambda: _refused(kubectl, 'violates PodSecurity "restricted', [pod("bad", hostNetwork=True)]),
    )
    step(
        "the quota refuses a pod beyond the region's size",
        lambda: _refused(kubectl, "exceeded quota", [pod("huge", cpu="1000000")]),
    )
    step("the guide's own NovaCronCluster is accepted", lambda: _guide_cluster_is_accepted(kubectl))


def check_rules(kubectl: Kubectl, report: Report, *, where: str, needs: str) -> None:
    """The contract's two spellings of each rule agree about every sample."""
    judged = samples()
    report.step(
        f"{where}: CEL and the fleet reader agree on {len(judged)} samples of every rule",
        lambda: _spellings_agree(kubectl, judged),
        needs=needs,
    )


def check_scaling(kubectl: Kubectl, tree: RegionTree, report: Report, *, needs: str) -> None:
    """Scaling by kubectl, as the guide does it. Changes the cluster."""
    where = f"{tree.environment}/{tree.region}"

    def scale(target: str, replicas: int) -> tuple[str, ...]:
        return ("scale", target, f"--replicas={replicas}", "-n", NAMESPACE)

    def region_is_scaled() -> None:
        (region,) = tree.of_kind("NovaCronRegion")
        target = f"ncr/{region.object['metadata']['name']}"
        kubectl(*scale(target, 3))
        nodes = kubectl.get(target, "-n", NAMESPACE)["spec"]["dwcp"]["acp"]["nodes"]
        _same("nodes", 3, nodes)
        _says(_ODD, kubectl.refusal(*scale(target, 4)))

    def cluster_is_scaled() -> None:
        kubectl("apply", "--server-side", "-f", GUIDE_CLUSTER)
        _says(_QUORUM, kubectl.refusal(*scale("ncc/production", 9)))
        own = {**_cluster({"acp": {"nodes": 3}}), "metadata": {"name": "lab", "namespace": NAMESPACE}}
        kubectl.apply([own])
        kubectl(*scale("ncc/lab", 5))
        _same("nodes", 5, kubectl.get("ncc/lab", "-n", NAMESPACE)["spec"]["dwcp"]["acp"]["nodes"])
        kubectl("delete", "ncc", "production", "lab", "-n", NAMESPACE)

    def consensus_grows() -> None:
        kubectl(*scale(f"statefulset/{CONSENSUS}", 9))
        kubectl("rollout", "status", f"statefulset/{CONSENSUS}", "-n", NAMESPACE, "--timeout=120s")
        _same("members", 9, apply.ready_replicas(kubectl, "statefulset", CONSENSUS))

    def even_is_refused() -> None:
        reason = "consensus needs an odd number of members, not 8"
        _says(reason, kubectl.refusal(*scale(f"statefulset/{CONSENSUS}", 8)))

    def fewer_are_refused() -> None:
        reason = "going from 9 to 7 members is left to the operator"
        _says(reason, kubectl.refusal(*scale(f"statefulset/{CONSENSUS}", 7)))

    report.step(
        f"{where}: kubectl scale works on a NovaCronRegion, and obeys it", region_is_scaled, needs=needs
    )
    report.step(
        f"{where}: kubectl scale works on a NovaCronCluster, and obeys it", cluster_is_scaled, needs=needs
    )
    grown = f"{where}: kubectl scale brings consensus to 9 members"
    report.step(grown, consensus_grows, needs=needs)
    report.step(f"{where}: 8 members are refused, with the reason", even_is_refused, needs=grown)
    report.step(f"{where}: fewer members are refused, with the reason", fewer_are_refused, needs=grown)


def check_host_network(kubectl: Kubectl, tree: RegionTree, report: Report, *, needs: str) -> None:
    """Host mode: the agents are admitted, and nobody else gets more than before."""
    where = "lab with hostNetwork"

    def agents_use_the_host_network() -> None:
        agents = kubectl.items("pods", "-n", NAMESPACE, "-l", f"app={apply.DWCP}")
        _same("agents on the host network", len(kubectl.items("nodes")), len(agents))
        if not all(agent["spec"].get("hostNetwork") for agent in agents):
            raise CheckError("an agent has a network of its own")

    report.step(f"{where}: agents are admitted to the host network", agents_use_the_host_network, needs=needs)
    refused: dict[str, tuple[Object, str]] = {
        "another pod on the host network": (
            pod("guest", hostNetwork=True),
            "only the DWCP agents may use the host network",
        ),
        "a pod that mounts the node's files": (
            pod("reader", volumes=[{"name": "root", "hostPath": {"path": "/"}}]),
            "volumes must not reach into the node",
        ),
        "an agent that is privileged": (
            pod("root", serviceAccountName=apply.DWCP, container={"privileged": True}),
            # A privileged container may always escalate, and that rule comes first.
            "containers must set allowPrivilegeEscalation: false",
        ),
        "an agent that may configure the network": (
            pod("admin", serviceAccountName=apply.DWCP, container={"capabilities": _NET_ADMIN}),
            "containers must drop ALL capabilities and add none but NET_BIND_SERVICE",
        ),
    }
    for what, (bad, message) in refused.items():
        report.step(
            f"{where}: {what} is refused",
            lambda bad=bad, message=message: _refused(kubectl, message, [bad]),
            needs=needs,
        )


def pod(name: str, *, cpu: str = "10m", container: dict[str, Any] | None = None, **spec: Any) -> Object:
    """A pod that `restricted` admits, with these fields changed."""
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    size = {"cpu": cpu, "memory": "16Mi"}
    only = {
        "name": "only",
        "image": "novacron/api:3.0.0",
        "securityContext": {
            k: v for k, v in {**security, **(container or {})}.items() if not _clash(k, container)
        },
        "resources": {"requests": size, "limits": {"memory": "16Mi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"containers": [only], **spec},
    }


def _clash(key: str, container: dict[str, Any] | None) -> bool:
    # The API server's own validation refuses a privileged container that forbids escalation.
    return key == "allowPrivilegeEscalation" and bool(container and container.get("privileged"))


def _cluster(dwcp: dict[str, Any]) -> Object:
    _, smallest = SPECS["NovaCronCluster"]
    metadata = {"name": "refused", "namespace": NAMESPACE}
    return {
        "apiVersion": API_VERSION,
        "kind": "NovaCronCluster",
        "metadata": metadata,
        "spec": {**smallest, "dwcp": dwcp},
    }


def _create(kubectl: Kubectl, objects: list[Object]) -> str:
    return kubectl.refusal("create", "--dry-run=server", "-f", "-", stdin=as_list(objects))


def _refused(kubectl: Kubectl, message: str, objects: list[Object]) -> None:
    _says(message, _create(kubectl, objects))


def _region_keeps_its_name(kubectl: Kubectl, tree: RegionTree) -> None:
    (region,) = tree.of_kind("NovaCronRegion")
    patch = '{"spec": {"region": "elsewhere"}}'
    said = kubectl.refusal("patch", *region.words, "--type=merge", "--dry-run=server", "-p", patch)
    _says("a region keeps its name", said)


def _guide_cluster_is_accepted(kubectl: Kubectl) -> None:
    said = kubectl("apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", GUIDE_CLUSTER)
    _says("novacroncluster.novacron.io/production serverside-applied", said)


def _spellings_agree(kubectl: Kubectl, judged: list[Sample]) -> None:
    kubectl.apply([lab_definition()])
    apply.wait_established(kubectl, [lab_definition()])
    refusals = by_object(_create(kubectl, [sample.object for sample in judged]))
    known = messages()
    differences = []
    for sample in judged:
        said = refusals.get(sample.name, "")
        broken = {message for message in known if message in said}
        if broken != sample.broken or bool(said) != bool(sample.broken):
            differences.append(
                f"{sample.object['kind']} {sample.object['spec']}\n"
                f"  the fleet reader: {sorted(sample.broken) or 'accepted'}\n"
                f"  the API server: {said or 'accepted'}"
            )
    if differences:
        raise CheckError("\n".join(differences))


def by_object(stderr: str) -> dict[str, str]:
    """What kubectl prints about several refused objects, by their names."""
    parts = _REFUSAL.split(stderr)
    if parts[0].strip():
        raise CheckError(f"refused for another reason:\n{parts[0].strip()}")
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def _says(message: str, said: str) -> None:
    if message not in said:
        raise CheckError(f"expected: {message}\nsaid: {said or 'nothing, it was accepted'}")


def _same(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise CheckError(f"{what}: expected {expected}, found {found}")
