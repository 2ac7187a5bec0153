from charts_py.tree.checks.baseline import Baseline

HPA = "HorizontalPodAutoscaler.autoscaling novacron/novacron-api-hpa"


def test_an_autoscaler_targets_a_workload_that_exists(tree: Baseline) -> None:
    tree.get("HorizontalPodAutoscaler", "novacron-api-hpa")["spec"]["scaleTargetRef"]["kind"] = "Rollout"
    tree.breaks("scale-target-missing", HPA, "spec.scaleTargetRef")


def test_a_vpa_targets_a_workload_that_exists(tree: Baseline) -> None:
    tree.get("VerticalPodAutoscaler", "novacron-api-vpa")["spec"]["targetRef"]["name"] = "api"
    vpa = "VerticalPodAutoscaler.autoscaling.k8s.io novacron/novacron-api-vpa"
    tree.breaks("scale-target-missing", vpa, "spec.targetRef")


def test_an_autoscaler_names_a_container_of_its_target(tree: Baseline) -> None:
    metric = tree.get("HorizontalPodAutoscaler", "novacron-api-hpa")["spec"]["metrics"][0]
    metric["containerResource"]["container"] = "app"
    tree.breaks("scale-container-missing", HPA, "spec.metrics[0].containerResource.container")
