import copy

import pytest

from charts_py.tree.checks.baseline import Baseline

API = "Deployment.apps novacron/novacron-api"
HPA = "HorizontalPodAutoscaler.autoscaling novacron/novacron-api-hpa"


def test_replicas_that_an_hpa_owns_stay_out_of_git(tree: Baseline) -> None:
    tree.get("Deployment", "novacron-api")["spec"]["replicas"] = 20
    finding = tree.breaks("replicas-owned-elsewhere", API, "spec.replicas")
    assert HPA in finding.message


def test_replicas_of_voters_stay_out_of_git(tree: Baseline) -> None:
    tree.get("StatefulSet", "novacron-consensus")["spec"]["replicas"] = 0
    tree.breaks("replicas-owned-elsewhere", "StatefulSet.apps novacron/novacron-consensus", "spec.replicas")


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("HorizontalPodAutoscaler", "novacron-api-hpa", "spec.scaleTargetRef"),
        ("VerticalPodAutoscaler", "novacron-api-vpa", "spec.targetRef"),
    ],
)
def test_two_autoscalers_never_share_a_target(tree: Baseline, kind: str, name: str, field: str) -> None:
    second = copy.deepcopy(tree.get(kind, name))
    second["metadata"]["name"] = "second"
    tree.objects.append(second)
    group = second["apiVersion"].partition("/")[0]
    tree.breaks("scale-target-shared", f"{kind}.{group} novacron/second", field)


@pytest.mark.parametrize("policy", [{"updateMode": "Auto"}, {"updateMode": "Initial"}, {}])
def test_no_vpa_acts_beside_an_hpa(tree: Baseline, policy: dict[str, str]) -> None:
    tree.get("VerticalPodAutoscaler", "novacron-api-vpa")["spec"]["updatePolicy"] = policy
    vpa = "VerticalPodAutoscaler.autoscaling.k8s.io novacron/novacron-api-vpa"
    tree.breaks("vpa-beside-hpa", vpa, "spec.updatePolicy.updateMode")


def test_a_workload_never_selects_anothers_pods(tree: Baseline) -> None:
    canary = copy.deepcopy(tree.get("Deployment", "novacron-api"))
    canary["metadata"]["name"] = "canary"
    canary["spec"]["selector"]["matchLabels"]["version"] = "canary"
    canary["spec"]["template"]["metadata"]["labels"]["version"] = "canary"
    tree.objects.append(canary)
    finding = tree.breaks("workload-selectors-overlap", API, "spec.selector")
    assert "novacron/canary" in finding.message


def test_no_pod_is_in_two_disruption_budgets(tree: Baseline) -> None:
    second = copy.deepcopy(tree.get("PodDisruptionBudget", "novacron-api"))
    second["metadata"]["name"] = "second"
    tree.objects.append(second)
    tree.breaks("pdb-overlap", "PodDisruptionBudget.policy novacron/second", "spec.selector")


def test_an_hpas_minimum_is_at_most_its_maximum(tree: Baseline) -> None:
    tree.get("HorizontalPodAutoscaler", "novacron-api-hpa")["spec"].update(minReplicas=9, maxReplicas=8)
    tree.breaks("hpa-bounds-invalid", HPA, "spec.minReplicas")


@pytest.mark.parametrize(("field", "value"), [("minReplicas", 2), ("maxReplicas", 101)])
def test_the_api_runs_3_to_100_pods(tree: Baseline, field: str, value: int) -> None:
    tree.get("HorizontalPodAutoscaler", "novacron-api-hpa")["spec"][field] = value
    tree.breaks("hpa-bounds-of-house", HPA, f"spec.{field}")


def test_a_region_with_one_voter_may_run_one_api_pod(tree: Baseline) -> None:
    tree.get("HorizontalPodAutoscaler", "novacron-api-hpa")["spec"]["minReplicas"] = 1
    tree.get("NovaCronRegion", "us-east-1")["spec"]["dwcp"]["acp"] = {"nodes": 1}
    tree.keeps("hpa-bounds-of-house")
