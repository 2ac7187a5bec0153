"""The real Argo CD: a hub that delivers what is pushed to the clusters of all regions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from charts_py.contract import names
from tests.e2e import apply, argo
from tests.e2e.argo_fleet import ArgoFleet, all_applications, region_applications
from tests.e2e.argo_rounds import Round
from tests.e2e.control_plane import ControlPlane
from tests.e2e.kubectl import Kubectl, Object
from tests.e2e.metrics_api import MetricsApi
from tests.e2e.region_scenario import Site
from tests.e2e.report import CheckError, Report
from tests.e2e.tree import RegionTree, read_regions
from tests.e2e.wait import until

FIRST_SECONDS = 480
ROUND_SECONDS = 360
HEAL_SECONDS = 90

CANARY = "production"
"""The environment whose regions wait for each other."""

SETTINGS = {"statusbadge.enabled": "false"}
"""What whoever installed Argo CD had set."""

MEMBERS = 3
"""What the operator is said to have scaled consensus to."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A region's cluster. `name` is what the fleet file and so Argo CD call it."""

    name: str
    plane: ControlPlane
    metrics: MetricsApi

    @property
    def kubectl(self) -> Kubectl:
        """kubectl against it."""
        return self.plane.kubectl


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What the steps work on. `clusters` by `<environment>-<region>`."""

    fleet: ArgoFleet
    argo: argo.Argo
    clusters: Mapping[str, Cluster]
    say: Callable[[str], None]

    def trees(self) -> list[RegionTree]:
        """The regions that the hub delivers to, as they are published now."""
        return [
            tree for tree in read_regions(self.fleet.copy.root / "generated") if tree.name in self.clusters
        ]

    def rounds(self, environment_name: str, revision: str) -> list[Round]:
        """One for each part of an environment."""
        (environment,) = (e for e in self.fleet.environments if e.name == environment_name)
        return [
            Round(part=part, names=region_applications(environment, part), revision=revision)
            for part in names.PARTS
        ]


def run_argo(site: Site, report: Report) -> None:
    """Everything that Argo CD is relied on for, on one hub with a cluster for each region."""
    with site.supervisor.scope(), ExitStack() as stack:
        found: list[Delivery] = []
        up = "hub: Argo CD and a cluster for each region are up"
        if report.step(up, lambda: found.append(_start(site, report, stack))):
            _deliver(found[0], report)


def _start(site: Site, report: Report, stack: ExitStack) -> Delivery:
    fleet = ArgoFleet.make(site.supervisor.folder / "fleet")
    environments = fleet.environments
    trees = {tree.name: tree for tree in read_regions(fleet.copy.root / "generated")}
    hub = site.start_cluster("hub", controllers=False)
    clusters: dict[str, Cluster] = {}
    for environment in environments:
        for region in environment.regions:
            name = f"{environment.name}-{region.name}"
            plane = site.start_cluster(f"argo-{name}")
            metrics = site.furnish(plane, trees[name], report, stack)
            clusters[name] = Cluster(name=region.cluster, plane=plane, metrics=metrics)
    definitions = site.definitions(hub, report).of_groups({"argoproj.io"})
    running = argo.start_argo(site.supervisor, site.machine.binaries, site.ports, hub, definitions, SETTINGS)
    hub.kubectl.apply([argo.cluster_secret(cluster.name, cluster.plane) for cluster in clusters.values()])
    return Delivery(fleet=fleet, argo=running, clusters=clusters, say=report.say)


def _deliver(run: Delivery, report: Report) -> None:
    first = "argo: three `kubectl apply -f` and a push: all Applications Synced and Healthy, region by region"
    report.step(first, lambda: _first_push(run))
    report.step("argo: `argocd app sync novacron-core`", lambda: _sync_by_hand(run), needs=first)
    report.step("argo: what the operator and the HPA scaled stays", lambda: _others_fields(run), needs=first)
    report.step(
        "argo: one changed fleet value changes just its objects, region by region",
        lambda: _one_value(run),
        needs=first,
    )
    report.step("argo: a hand edit is healed", lambda: _hand_edit(run), needs=first)
    report.step("argo: what leaves the fleet is pruned", lambda: _prune(run), needs=first)
    report.step(
        "argo: after two more comparisons everything is Synced", lambda: _stays_synced(run), needs=first
    )


def _first_push(run: Delivery) -> None:
    revision = run.fleet.push("first")
    folder = run.fleet.copy.root / "argocd"
    kubectl = run.argo.hub.kubectl
    kubectl("apply", "--server-side", "--field-manager=novacron", "-f", folder / "install")
    kept = kubectl.get("configmap", "argocd-cm", "-n", argo.NAMESPACE)["data"]
    if not SETTINGS.items() <= kept.items():
        raise CheckError(f"of the settings that were there, {sorted(kept)} are left")
    for part in names.PARTS:
        kubectl("apply", "-f", folder / f"{names.argocd_application(part)}.yaml")
    _until_round_over(run, revision, seconds=FIRST_SECONDS)


def _until_round_over(run: Delivery, revision: str, *, seconds: float) -> None:
    """Wait until everything runs `revision`, watching the order of the regions all along."""
    rounds = run.rounds(CANARY, revision)
    wanted = all_applications(run.fleet.environments)
    start = time.monotonic()

    def over() -> bool:
        there = run.argo.applications()
        for each in rounds:
            each.look(there, time.monotonic())
        settled = all(name in there and argo.is_settled(there[name], revision) for name in wanted)
        return settled and all(each.over for each in rounds)

    def seen() -> str:
        there = run.argo.applications()
        return "\n".join(
            argo.describe(there.get(name), name)
            for name in wanted
            if name not in there or not argo.is_settled(there[name], revision)
        )

    until(f"every Application at {revision[:8]}, Synced and Healthy", over, seconds=seconds, seen=seen)
    for each in rounds:
        run.say(f"           {each.told(start)}")


def _sync_by_hand(run: Delivery) -> None:
    root = names.argocd_application("core")
    before = run.argo.application(root)["status"]["operationState"]["startedAt"]
    run.argo.cli("app", "sync", root)
    state = run.argo.application(root)["status"]["operationState"]
    if state["phase"] != "Succeeded" or state["startedAt"] == before:
        raise CheckError(f"{root}: {state['phase']} {state.get('message', '')}")


def _others_fields(run: Delivery) -> None:
    """The operator scales consensus, load scales the API; neither is drift, and a sync doesn't touch them."""
    ((name, cluster),) = [(n, c) for n, c in run.clusters.items() if not n.startswith(CANARY)]
    apply.scale_consensus(cluster.kubectl, MEMBERS)
    floor = _replicas(cluster, "deployment", names.API)
    cluster.metrics.load.cpu *= 2

    def scaled() -> bool:
        return _replicas(cluster, "deployment", names.API) > floor

    until("the HPA adds API pods", scaled, seconds=HEAL_SECONDS)
    # So that the number stays where it is while Argo CD is watched.
    cluster.metrics.load.cpu /= 2
    application = f"{names.PRODUCT}-{name}-core"
    run.argo.until_settled([application], seconds=HEAL_SECONDS)
    _compare(run, [application])
    run.argo.cli("app", "sync", application)
    run.argo.until_settled([application], seconds=HEAL_SECONDS)
    _compare(run, [application])
    if _replicas(cluster, "deployment", names.API) <= floor:
        raise CheckError(f"Argo CD took the API back to {floor} replicas")
    if _replicas(cluster, "statefulset", names.CONSENSUS) != MEMBERS:
        raise CheckError("Argo CD changed the number of consensus members")
    for kind, workload in (("deployment", names.API), ("statefulset", names.CONSENSUS)):
        if "argocd-controller" in _owners_of_replicas(cluster, kind, workload):
            raise CheckError(f"Argo CD took the ownership of {workload}'s replicas")


def _owners_of_replicas(cluster: Cluster, kind: str, name: str) -> set[str]:
    words = (kind, name, "-n", names.NAMESPACE, "--show-managed-fields")
    entries = cluster.kubectl.get(*words)["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


def _replicas(cluster: Cluster, kind: str, name: str) -> int:
    found: int = cluster.kubectl.get(kind, name, "-n", names.NAMESPACE)["spec"]["replicas"]
    return found


def _one_value(run: Delivery) -> None:
    run.fleet.copy.change(f"fleet/{CANARY}.yaml", "compressionLevel: 9", "compressionLevel: 8")
    changed = {path for path in run.fleet.synth() if path.startswith("generated/") and path.endswith(".yaml")}
    expected = {_application_of(path) for path in changed}
    before, objects = _operations(run), _objects(run)
    revision = run.fleet.push("second")
    _until_round_over(run, revision, seconds=ROUND_SECONDS)
    regions = {
        name for e in run.fleet.environments for part in names.PARTS for name in region_applications(e, part)
    }
    synced = {name for name, started in _operations(run).items() if started != before[name]} & regions
    if synced != expected:
        raise CheckError(f"synced: {sorted(synced)}\nconcerned by the change: {sorted(expected)}")
    now = _objects(run)
    touched = {path for path in now if now[path] != objects[path]}
    if touched != changed:
        raise CheckError(f"changed in clusters: {sorted(touched)}\nchanged in Git: {sorted(changed)}")


def _application_of(path: str) -> str:
    _, environment, region, part, *_ = path.split("/")
    return names.region_application(environment, region, part)


def _operations(run: Delivery) -> dict[str, str]:
    """When each Application's last operation began."""
    return {
        name: application["status"].get("operationState", {}).get("startedAt", "")
        for name, application in run.argo.applications().items()
    }


def _objects(run: Delivery) -> dict[str, Object]:
    """Every object of the tree as it is in its cluster, by its file, without what others than Git decide."""
    found: dict[str, Object] = {}
    for tree in run.trees():
        kubectl = run.clusters[tree.name].kubectl
        words = [word for file in tree.files for word in ("-f", str(file.path))]
        items = kubectl.items(*words)
        for file, item in zip(tree.files, items, strict=True):
            found[str(file.path.relative_to(run.fleet.copy.root))] = _of_git(item)
    return found


def _of_git(item: Object) -> Object:
    metadata = {
        key: value
        for key, value in item["metadata"].items()
        if key not in ("resourceVersion", "managedFields", "generation", "annotations")
    }
    kept = {key: value for key, value in item.items() if key not in ("status", "metadata")}
    if item["kind"] in ("Deployment", "StatefulSet"):
        kept["spec"] = {key: value for key, value in item["spec"].items() if key != "replicas"}
    return {**kept, "metadata": metadata}


def _hand_edit(run: Delivery) -> None:
    """In each cluster: a changed image and a deleted object come back."""
    for cluster in run.clusters.values():
        _edit_and_wait(cluster)


def _edit_and_wait(cluster: Cluster) -> None:
    kubectl = cluster.kubectl
    image = _image(cluster)
    budget = ("poddisruptionbudget", names.API, "-n", names.NAMESPACE)
    kubectl(
        "set", "image", f"deployment/{names.API}", f"{names.API_CONTAINER}=edited:1", "-n", names.NAMESPACE
    )
    kubectl("delete", *budget)

    def healed() -> bool:
        return _image(cluster) == image and kubectl.find(*budget) is not None

    until(f"{cluster.name} is healed", healed, seconds=HEAL_SECONDS)


def _image(cluster: Cluster) -> str:
    deployment = cluster.kubectl.get("deployment", names.API, "-n", names.NAMESPACE)
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def _prune(run: Delivery) -> None:
    def recommenders() -> set[str]:
        words = ("verticalpodautoscaler", names.API_VPA, "-n", names.NAMESPACE)
        return {name for name, cluster in run.clusters.items() if cluster.kubectl.find(*words)}

    if recommenders() != set(run.clusters):
        raise CheckError(f"only {recommenders()} have the object that is to go")
    run.fleet.copy.change("fleet/staging.yaml", "recommender: true", "recommender: false")
    run.fleet.synth()
    revision = run.fleet.push("third")
    _until_round_over(run, revision, seconds=ROUND_SECONDS)
    left = {name for name in run.clusters if name.startswith(CANARY)}
    if recommenders() != left:
        raise CheckError(f"it is still in {recommenders() - left}, and gone from {left - recommenders()}")


def _stays_synced(run: Delivery) -> None:
    wanted = all_applications(run.fleet.environments)
    for _ in range(2):
        _compare(run, wanted)
    unknown = run.argo.applications().keys() - set(wanted)
    if unknown:
        raise CheckError(f"Applications that nobody asked for: {sorted(unknown)}")


def _compare(run: Delivery, wanted: list[str]) -> None:
    """Have these Applications compared with Git anew; CheckError unless each is Synced and Healthy then."""
    before = {name: run.argo.application(name)["status"]["reconciledAt"] for name in wanted}
    # A time of comparison has full seconds.
    time.sleep(1)
    run.argo.refresh(*wanted)

    def compared() -> bool:
        there = run.argo.applications()
        return all(there[name]["status"]["reconciledAt"] != before[name] for name in wanted)

    until("a new comparison", compared, seconds=HEAL_SECONDS)
    # A comparison may begin a sync of its own; what counts is that it comes to an end.
    run.argo.until_settled(wanted, seconds=HEAL_SECONDS)
