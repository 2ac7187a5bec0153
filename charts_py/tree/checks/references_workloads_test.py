from charts_py.tree.checks.baseline import Baseline

API = "Deployment.apps novacron/novacron-api"
VOTERS = "StatefulSet.apps novacron/novacron-consensus"
POD = "spec.template.spec"


def test_a_pod_runs_as_an_account_that_exists(tree: Baseline) -> None:
    tree.pod()["serviceAccountName"] = "nobody"
    tree.breaks("service-account-missing", API, f"{POD}.serviceAccountName")


def test_a_priority_class_must_exist(tree: Baseline) -> None:
    tree.remove("PriorityClass", "important")
    tree.breaks("priority-class-missing", API, f"{POD}.priorityClassName")


def test_the_priority_classes_of_kubernetes_exist(tree: Baseline) -> None:
    tree.pod()["priorityClassName"] = "system-node-critical"
    tree.keeps("priority-class-missing")


def test_a_runtime_class_must_exist(tree: Baseline) -> None:
    job = tree.get("CronJob", "tidy")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    job["runtimeClassName"] = "other"
    tree.breaks(
        "runtime-class-missing",
        "CronJob.batch legacy/tidy",
        "spec.jobTemplate.spec.template.spec.runtimeClassName",
    )


def test_a_mount_needs_its_volume(tree: Baseline) -> None:
    tree.container()["volumeMounts"][1]["name"] = "tsl"
    tree.breaks("volume-missing", API, f"{POD}.containers[0].volumeMounts[1].name")


def test_a_volume_claim_template_is_a_volume(tree: Baseline) -> None:
    tree.get("StatefulSet", "novacron-consensus")["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] = "x"
    tree.breaks("volume-missing", VOTERS, f"{POD}.containers[0].volumeMounts[0].name")


def test_a_probe_asks_a_declared_port(tree: Baseline) -> None:
    tree.container()["livenessProbe"]["httpGet"]["port"] = "htpp"
    tree.breaks("probe-port-missing", API, f"{POD}.containers[0].livenessProbe.httpGet.port")


def test_a_lifecycle_handler_asks_a_declared_port(tree: Baseline) -> None:
    tree.container()["lifecycle"]["preStop"] = {"httpGet": {"port": 8082}}
    tree.breaks("probe-port-missing", API, f"{POD}.containers[0].lifecycle.preStop.httpGet.port")


def test_a_workload_selects_its_own_template(tree: Baseline) -> None:
    tree.get("Deployment", "novacron-api")["spec"]["selector"]["matchLabels"]["app"] = "api"
    tree.breaks("workload-selector-mismatch", API, "spec.selector")


def test_an_affinity_term_selects_pods(tree: Baseline) -> None:
    field = "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm"
    term = tree.pod()["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]
    term["podAffinityTerm"]["labelSelector"] = {"matchLabels": {"app": "api"}}
    tree.breaks("affinity-selects-nothing", API, f"{POD}.{field}.labelSelector")


def test_a_spread_constraint_counts_its_own_pods(tree: Baseline) -> None:
    constraint = tree.pod()["topologySpreadConstraints"][0]
    constraint["labelSelector"] = {
        "matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["novacron-api"]}]
    }
    tree.breaks("topology-spread-selects-nothing", API, f"{POD}.topologySpreadConstraints[0].labelSelector")


def test_a_stateful_set_has_a_headless_service(tree: Baseline) -> None:
    del tree.get("Service", "novacron-consensus-headless")["spec"]["clusterIP"]
    finding = tree.breaks("stateful-set-service-missing", VOTERS, "spec.serviceName")
    assert "not headless" in finding.message


def test_a_stateful_sets_service_exists_in_its_namespace(tree: Baseline) -> None:
    tree.get("Service", "novacron-consensus-headless")["metadata"]["namespace"] = "legacy"
    tree.breaks("stateful-set-service-missing", VOTERS, "spec.serviceName")


def test_a_stateful_sets_service_selects_its_pods(tree: Baseline) -> None:
    tree.get("Service", "novacron-consensus-headless")["spec"]["selector"] = {"app": "novacron-api"}
    finding = tree.breaks("stateful-set-service-missing", VOTERS, "spec.serviceName")
    assert "does not select" in finding.message
