from charts_py.tree.checks.baseline import Baseline

POLICY = "NetworkPolicy.networking.k8s.io novacron/novacron-api"


def test_a_service_selects_pods(tree: Baseline) -> None:
    tree.get("Service", "novacron-api")["spec"]["selector"] = {"app": "novacron-ap"}
    finding = tree.breaks("service-selects-nothing", "Service novacron/novacron-api", "spec.selector")
    assert "app=novacron-api" in finding.message


def test_a_service_for_one_member_needs_that_stateful_set(tree: Baseline) -> None:
    selector = tree.get("Service", "novacron-consensus-0")["spec"]["selector"]
    selector["statefulset.kubernetes.io/pod-name"] = "consensus-0"
    tree.breaks("service-selects-nothing", "Service novacron/novacron-consensus-0", "spec.selector")


def test_a_service_port_leads_to_a_declared_port_by_name(tree: Baseline) -> None:
    tree.get("Service", "novacron-api")["spec"]["ports"][0]["targetPort"] = "web"
    tree.breaks("service-target-port-missing", "Service novacron/novacron-api", "spec.ports[0].targetPort")


def test_a_service_port_leads_to_a_declared_port_by_number_and_protocol(tree: Baseline) -> None:
    tree.get("Service", "novacron-api")["spec"]["ports"][1]["protocol"] = "UDP"
    tree.breaks("service-target-port-missing", "Service novacron/novacron-api", "spec.ports[1].targetPort")


def test_a_service_port_without_a_target_leads_to_its_own_number(tree: Baseline) -> None:
    del tree.get("Service", "novacron-api")["spec"]["ports"][0]["targetPort"]
    tree.breaks("service-target-port-missing", "Service novacron/novacron-api", "spec.ports[0].targetPort")


def test_a_disruption_budget_selects_pods(tree: Baseline) -> None:
    budget = tree.get("PodDisruptionBudget", "novacron-api")
    budget["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    tree.breaks("pdb-selects-nothing", "PodDisruptionBudget.policy novacron/novacron-api", "spec.selector")


def test_a_network_policy_selects_pods(tree: Baseline) -> None:
    tree.get("NetworkPolicy", "novacron-api")["spec"]["podSelector"] = {"matchLabels": {"app": "other"}}
    tree.breaks("network-policy-selects-nothing", POLICY, "spec.podSelector")


def test_a_network_policy_may_select_nothing_if_it_says_why(tree: Baseline) -> None:
    tree.get("NetworkPolicy", "later")["metadata"]["annotations"] = {"novacron.io/selects-nothing": " "}
    later = "NetworkPolicy.networking.k8s.io novacron/later"
    tree.breaks("network-policy-selects-nothing", later, "spec.podSelector")


def test_a_network_policys_namespaces_exist(tree: Baseline) -> None:
    peer = tree.get("NetworkPolicy", "novacron-api")["spec"]["ingress"][0]["from"][0]
    peer["namespaceSelector"] = {"matchLabels": {"name": "istio-system"}}
    field = "spec.ingress[0].from[0].namespaceSelector"
    tree.breaks("network-policy-peer-selects-nothing", POLICY, field)


def test_a_network_policys_peers_exist_in_the_namespaces_that_it_names(tree: Baseline) -> None:
    peer = tree.get("NetworkPolicy", "novacron-api")["spec"]["ingress"][0]["from"][0]
    peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] = "velero"
    tree.breaks("network-policy-peer-selects-nothing", POLICY, "spec.ingress[0].from[0].podSelector")


def test_a_network_policy_opens_only_ports_of_its_pods(tree: Baseline) -> None:
    tree.get("NetworkPolicy", "novacron-api")["spec"]["ingress"][0]["ports"] = [{"port": "etcd-peer"}]
    tree.breaks("network-policy-port-missing", POLICY, "spec.ingress[0].ports[0].port")


def test_a_network_policy_reaches_only_ports_on_which_its_peers_listen(tree: Baseline) -> None:
    tree.get("NetworkPolicy", "novacron-api")["spec"]["egress"][0]["ports"] = [
        {"port": 9091, "endPort": 9099}
    ]
    tree.breaks("network-policy-port-missing", POLICY, "spec.egress[0].ports[0].port")


def test_a_port_range_counts_if_a_port_in_it_is_declared(tree: Baseline) -> None:
    tree.get("NetworkPolicy", "novacron-api")["spec"]["egress"][0]["ports"] = [
        {"port": 9000, "endPort": 9099}
    ]
    tree.keeps("network-policy-port-missing")


def test_the_ports_of_an_injected_sidecar_may_be_opened(tree: Baseline) -> None:
    tree.get("NetworkPolicy", "novacron-api")["spec"]["ingress"][0]["ports"] = [{"port": 15020}]
    tree.keeps("network-policy-port-missing")


def test_an_ingress_leads_to_a_port_of_a_service(tree: Baseline) -> None:
    path = tree.get("Ingress", "public")["spec"]["rules"][0]["http"]["paths"][0]
    path["backend"]["service"]["port"] = {"number": 8080}
    finding = tree.breaks(
        "ingress-backend-missing",
        "Ingress.networking.k8s.io novacron/public",
        "spec.rules[0].http.paths[0].backend.service",
    )
    assert "80 (http)" in finding.message


def test_an_ingresss_certificate_exists(tree: Baseline) -> None:
    tree.get("Ingress", "public")["spec"]["tls"][0]["secretName"] = "other"
    ingress = "Ingress.networking.k8s.io novacron/public"
    tree.breaks("ingress-backend-missing", ingress, "spec.tls[0].secretName")
