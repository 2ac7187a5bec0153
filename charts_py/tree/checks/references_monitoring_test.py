from charts_py.tree.checks.baseline import Baseline

PODS = "PodMonitor.monitoring.coreos.com novacron/novacron-api"
SERVICES = "ServiceMonitor.monitoring.coreos.com novacron/novacron-api"


def test_a_pod_monitor_selects_pods(tree: Baseline) -> None:
    tree.get("PodMonitor", "novacron-api")["spec"]["namespaceSelector"] = {"matchNames": ["legacy"]}
    tree.breaks("monitor-selects-nothing", PODS, "spec.selector")


def test_a_service_monitor_selects_services(tree: Baseline) -> None:
    del tree.get("Service", "novacron-api")["metadata"]["labels"]
    tree.breaks("monitor-selects-nothing", SERVICES, "spec.selector")


def test_a_pod_monitor_scrapes_a_named_container_port(tree: Baseline) -> None:
    tree.get("PodMonitor", "novacron-api")["spec"]["podMetricsEndpoints"][0]["port"] = "metric"
    tree.breaks("monitor-port-missing", PODS, "spec.podMetricsEndpoints[0].port")


def test_a_service_monitor_scrapes_a_named_service_port(tree: Baseline) -> None:
    tree.get("Service", "novacron-api")["spec"]["ports"][1]["name"] = "prom"
    tree.breaks("monitor-port-missing", SERVICES, "spec.endpoints[0].port")


def test_a_monitors_secret_exists_in_its_namespace(tree: Baseline) -> None:
    tree.get("ServiceMonitor", "novacron-api")["spec"]["endpoints"][0]["tlsConfig"]["ca"]["secret"][
        "name"
    ] = "x"
    tree.breaks("monitor-secret-missing", SERVICES, "spec.endpoints[0].tlsConfig.ca.secret.name")
