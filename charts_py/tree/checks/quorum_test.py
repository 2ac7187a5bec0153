import pytest

from charts_py.tree.checks.baseline import Baseline

REGION = "NovaCronRegion.novacron.io novacron/us-east-1"
VOTERS = "StatefulSet.apps novacron/novacron-consensus"
BUDGET = "PodDisruptionBudget.policy novacron/novacron-consensus"


@pytest.mark.parametrize("nodes", [0, 2, 4, 13, "5", True])
def test_a_consensus_count_is_odd_and_from_1_to_11(tree: Baseline, nodes: object) -> None:
    tree.get("NovaCronRegion", "us-east-1")["spec"]["dwcp"]["acp"] = {"nodes": nodes}
    tree.breaks("consensus-count-invalid", REGION, "spec.dwcp.acp.nodes")


def test_the_count_of_a_region_inside_a_cluster_object_is_checked(tree: Baseline) -> None:
    tree.add(
        """
        apiVersion: novacron.io/v1
        kind: NovaCronCluster
        metadata: {name: production, namespace: novacron}
        spec: {regions: [{name: us-east-1, acp: {nodes: 6}}]}
        """
    )
    cluster = "NovaCronCluster.novacron.io novacron/production"
    tree.breaks("consensus-count-invalid", cluster, "spec.regions[0].acp.nodes")


def test_a_quorum_size_is_more_than_half(tree: Baseline) -> None:
    tree.get("NovaCronRegion", "us-east-1")["spec"]["dwcp"]["acp"]["quorumSize"] = 2
    finding = tree.breaks("quorum-size-wrong", REGION, "spec.dwcp.acp.quorumSize")
    assert "is 3, not 2" in finding.message


def test_voters_need_a_region_object_that_counts_them(tree: Baseline) -> None:
    tree.remove("NovaCronRegion", "us-east-1")
    tree.breaks("consensus-count-unknown", VOTERS, "metadata.name")


def test_several_voters_need_a_disruption_budget(tree: Baseline) -> None:
    tree.remove("PodDisruptionBudget", "novacron-consensus")
    tree.breaks("consensus-pdb-missing", VOTERS, "spec.selector")


def test_a_single_voter_needs_no_disruption_budget(tree: Baseline) -> None:
    tree.remove("PodDisruptionBudget", "novacron-consensus")
    tree.get("NovaCronRegion", "us-east-1")["spec"]["dwcp"]["acp"] = {"nodes": 1}
    tree.keeps("consensus-pdb-missing")


@pytest.mark.parametrize(
    ("side", "value"),
    [("maxUnavailable", 3), ("maxUnavailable", "41%"), ("minAvailable", 2), ("minAvailable", "40%")],
)
def test_a_budget_that_allows_less_than_a_quorum_is_found(tree: Baseline, side: str, value: object) -> None:
    spec = tree.get("PodDisruptionBudget", "novacron-consensus")["spec"]
    del spec["maxUnavailable"]
    spec[side] = value
    tree.breaks("pdb-below-quorum", BUDGET, f"spec.{side}")


@pytest.mark.parametrize(
    ("side", "value"),
    [("maxUnavailable", 2), ("maxUnavailable", "40%"), ("minAvailable", 3), ("minAvailable", "41%")],
)
def test_a_budget_that_keeps_a_quorum_is_allowed(tree: Baseline, side: str, value: object) -> None:
    spec = tree.get("PodDisruptionBudget", "novacron-consensus")["spec"]
    del spec["maxUnavailable"]
    spec[side] = value
    tree.keeps("pdb-below-quorum")


def test_no_autoscaler_counts_voters(tree: Baseline) -> None:
    target = tree.get("HorizontalPodAutoscaler", "novacron-api-hpa")["spec"]["scaleTargetRef"]
    target.update(kind="StatefulSet", name="novacron-consensus")
    hpa = "HorizontalPodAutoscaler.autoscaling novacron/novacron-api-hpa"
    tree.breaks("hpa-on-consensus", hpa, "spec.scaleTargetRef")


def test_a_vpa_that_only_recommends_may_watch_voters(tree: Baseline) -> None:
    target = tree.get("VerticalPodAutoscaler", "novacron-api-vpa")["spec"]["targetRef"]
    target.update(kind="StatefulSet", name="novacron-consensus")
    tree.keeps("hpa-on-consensus")
