from charts_py.tree.checks.baseline import Baseline

API = "Deployment.apps novacron/novacron-api"
POD = "spec.template.spec"


def test_a_port_that_the_contract_does_not_know_is_found(tree: Baseline) -> None:
    tree.container()["ports"].append({"name": "debug", "containerPort": 6060})
    tree.breaks("port-not-of-house", API, f"{POD}.containers[0].ports[2]")


def test_a_port_of_the_contract_is_declared(tree: Baseline) -> None:
    tree.container()["ports"][1]["protocol"] = "UDP"
    tree.breaks("port-of-house-missing", API, f"{POD}.containers")
