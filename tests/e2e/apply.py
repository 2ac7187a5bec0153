"""A region's tree through the front door: `kubectl apply --server-side` into a real, empty cluster."""

from __future__ import annotations

from collections.abc import Sequence

from charts_py.contract.names import API, CONSENSUS, DWCP, NAMESPACE
from tests.e2e.kubectl import CommandError, Kubectl, Object
from tests.e2e.report import CheckError
from tests.e2e.tree import File, RegionTree
from tests.e2e.wait import until

WORKLOADS = (f"deployment/{API}", f"statefulset/{CONSENSUS}", f"daemonset/{DWCP}")


def apply_definitions(kubectl: Kubectl, definitions: Sequence[Object]) -> None:
    """Install third-party CRDs and wait until the API server serves them."""
    if definitions:
        kubectl.apply(definitions)
        wait_established(kubectl, definitions)


def apply_tree(kubectl: Kubectl, tree: RegionTree) -> None:
    """Apply wave after wave, as Argo CD does; each object passes the server's own admission.

    A refused object doesn't keep the later waves from being tried: all refusals are reported at once.
    """
    refused: list[str] = []
    for wave, files in tree.waves():
        try:
            kubectl.apply_files([file.path for file in files])
            wait_established(kubectl, [f.object for f in files if f.kind == "CustomResourceDefinition"])
        except CommandError as error:
            refused.append(f"wave {wave}: {error.stderr.strip()}")
    if refused:
        raise CheckError("\n".join(refused))


def wait_established(kubectl: Kubectl, definitions: Sequence[Object]) -> None:
    """Wait until the API server serves the kinds of these CRDs."""
    if not definitions:
        return
    names = [crd["metadata"]["name"] for crd in definitions]

    def established() -> bool:
        # `kubectl wait` fails on a definition that has no status yet.
        found = kubectl.get("crd", *names)
        return all(map(_is_established, found.get("items", [found])))

    until(f"{len(names)} definitions are established", established, seconds=60, interval=1)


def _is_established(definition: Object) -> bool:
    return any(
        condition["type"] == "Established" and condition["status"] == "True"
        for condition in definition.get("status", {}).get("conditions") or []
    )


def scale_consensus(kubectl: Kubectl, replicas: int) -> None:
    """What the operator does: Git leaves the number of members to it."""
    kubectl("scale", f"statefulset/{CONSENSUS}", f"--replicas={replicas}", "-n", NAMESPACE)


def roll_out(kubectl: Kubectl, tree: RegionTree, *, seconds: int = 180) -> None:
    """Bring consensus to its size, and wait until each workload has the pods that the fleet asks for.

    Raises:
        CheckError: A workload was rolled out with another number of pods.
    """
    scale_consensus(kubectl, tree.consensus_members)
    # The autoscaler brings the API to its least size; before that, one pod is a finished rollout.
    until(
        f"{API} scaled to {tree.api_replicas}",
        lambda: kubectl.get("deployment", API, "-n", NAMESPACE)["spec"]["replicas"] >= tree.api_replicas,
        seconds=60,
    )
    for workload in WORKLOADS:
        kubectl("rollout", "status", workload, "-n", NAMESPACE, f"--timeout={seconds}s")
    expected = {
        ("deployment", API): tree.api_replicas,
        ("statefulset", CONSENSUS): tree.consensus_members,
        ("daemonset", DWCP): sum("taints" not in node["spec"] for node in kubectl.items("nodes")),
    }
    found = {(kind, name): ready_replicas(kubectl, kind, name) for kind, name in expected}
    if found != expected:
        raise CheckError(f"pods ready: expected {expected}, found {found}")


def ready_replicas(kubectl: Kubectl, kind: str, name: str) -> int:
    """How many pods of a workload are ready."""
    status = kubectl.get(kind, name, "-n", NAMESPACE)["status"]
    return int(status.get("readyReplicas", status.get("numberReady", 0)))


def versions(kubectl: Kubectl, files: Sequence[File]) -> dict[str, str]:
    """The resourceVersion of each object, by what `kubectl get` calls it."""
    text = kubectl(
        "get",
        *[word for file in files for word in ("-f", str(file.path))],
        "-o",
        r'jsonpath={range .items[*]}{.apiVersion} {.kind} {.metadata.namespace}/{.metadata.name}{"\t"}'
        r'{.metadata.resourceVersion}{"\n"}{end}',
    )
    return dict(line.split("\t") for line in text.splitlines())


def apply_again_changes_nothing(kubectl: Kubectl, tree: RegionTree, *, attempts: int = 5) -> None:
    """Apply the same tree once more; every resourceVersion must be the one from before.

    Controllers write the status of the same objects meanwhile, and that changes a resourceVersion too. So
    an object may change in one attempt, but there must be one in which none does.
    """
    changed: list[str] = []
    for _ in range(attempts):
        before = versions(kubectl, tree.files)
        if len(before) != len(tree.files):
            raise CheckError(f"{len(tree.files)} files, but {len(before)} objects in the cluster")
        apply_tree(kubectl, tree)
        after = versions(kubectl, tree.files)
        changed = sorted(name for name in before if before[name] != after.get(name))
        if not changed:
            return
    raise CheckError("applied again, these objects changed:\n" + "\n".join(changed))


def third_party_groups(trees: Sequence[RegionTree], kubectl: Kubectl) -> set[str]:
    """API groups of the trees that neither the API server nor the trees themselves define."""
    served = {line.split("/")[0] for line in kubectl("api-versions").split() if "/" in line}
    own = {f.object["spec"]["group"] for tree in trees for f in tree.of_kind("CustomResourceDefinition")}
    used = set().union(*(tree.groups() for tree in trees))
    return used - served - own - {""}
