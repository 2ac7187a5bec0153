import pytest

from charts_py.tree.checks.baseline import Baseline

PEER = "PeerAuthentication.security.istio.io novacron/novacron-consensus"
ACCESS = "AuthorizationPolicy.security.istio.io novacron/novacron-api"
ROUTES = "VirtualService.networking.istio.io novacron/novacron-api"
RULE = "DestinationRule.networking.istio.io novacron/novacron-api"
GATEWAY = "Gateway.networking.istio.io novacron/public"
DESTINATION = "spec.http[0].route[0].destination"


def test_a_policys_selector_selects_pods_of_its_namespace(tree: Baseline) -> None:
    tree.get("PeerAuthentication", "novacron-consensus")["metadata"]["namespace"] = "legacy"
    peer = PEER.replace("novacron/", "legacy/")
    tree.breaks("mesh-policy-selects-nothing", peer, "spec.selector.matchLabels")


def test_a_policy_in_the_root_namespace_selects_pods_anywhere(tree: Baseline) -> None:
    tree.get("PeerAuthentication", "novacron-consensus")["metadata"]["namespace"] = "istio-system"
    tree.keeps("mesh-policy-selects-nothing")


def test_a_gateways_selector_selects_gateway_pods(tree: Baseline) -> None:
    tree.get("Gateway", "public")["spec"]["selector"] = {"istio": "gateway"}
    tree.breaks("mesh-policy-selects-nothing", GATEWAY, "spec.selector")


def test_port_level_mtls_is_for_a_container_port(tree: Baseline) -> None:
    tree.get("PeerAuthentication", "novacron-consensus")["spec"]["portLevelMtls"] = {
        "80": {"mode": "DISABLE"}
    }
    tree.breaks("mesh-policy-port-missing", PEER, "spec.portLevelMtls.80")


def test_an_authorization_policys_ports_are_container_ports(tree: Baseline) -> None:
    rule = tree.get("AuthorizationPolicy", "novacron-api")["spec"]["rules"][0]
    rule["to"][0]["operation"]["ports"] = ["80"]
    tree.breaks("mesh-policy-port-missing", ACCESS, "spec.rules[0].to[0].operation.ports[0]")


@pytest.mark.parametrize(
    "principal",
    ["cluster.local/ns/novacron/sa/gone", "cluster.local/ns/gone/sa/novacron-api", "novacron/novacron-api"],
)
def test_a_principal_is_a_service_account_that_exists(tree: Baseline, principal: str) -> None:
    source = tree.get("AuthorizationPolicy", "novacron-api")["spec"]["rules"][0]["from"][0]["source"]
    source["principals"] = [principal]
    tree.breaks("mesh-principal-missing", ACCESS, "spec.rules[0].from[0].source.principals[0]")


def test_a_source_namespace_exists(tree: Baseline) -> None:
    source = tree.get("AuthorizationPolicy", "novacron-api")["spec"]["rules"][0]["from"][0]["source"]
    source["namespaces"] = ["gone"]
    tree.breaks("mesh-principal-missing", ACCESS, "spec.rules[0].from[0].source.namespaces[0]")


def test_a_policys_target_exists(tree: Baseline) -> None:
    tree.get("Telemetry", "novacron")["spec"]["targetRefs"][0]["name"] = "gone"
    telemetry = "Telemetry.telemetry.istio.io novacron/novacron"
    tree.breaks("mesh-target-missing", telemetry, "spec.targetRefs[0]")


def test_a_gateways_certificate_exists_where_its_pods_run(tree: Baseline) -> None:
    tree.get("Gateway", "public")["spec"]["servers"][0]["tls"]["credentialName"] = "novacron-api-tls"
    finding = tree.breaks("gateway-secret-missing", GATEWAY, "spec.servers[0].tls.credentialName")
    assert "istio-system/novacron-api-tls" in finding.message


def test_a_virtual_services_gateway_exists(tree: Baseline) -> None:
    tree.get("VirtualService", "novacron-api")["spec"]["gateways"] = ["istio-system/public"]
    tree.breaks("virtual-service-gateway-missing", ROUTES, "spec.gateways[0]")


def test_a_virtual_services_host_is_served_by_its_gateway(tree: Baseline) -> None:
    tree.get("VirtualService", "novacron-api")["spec"]["hosts"] = ["api.example.org"]
    tree.breaks("virtual-service-host-unserved", ROUTES, "spec.hosts[0]")


def test_a_virtual_service_of_the_mesh_is_for_a_service(tree: Baseline) -> None:
    del tree.get("VirtualService", "novacron-api")["spec"]["gateways"]
    tree.breaks("virtual-service-host-unserved", ROUTES, "spec.hosts[0]")


@pytest.mark.parametrize(
    "host", ["novacron", "novacron-api.novacron", "novacron-api.legacy.svc.cluster.local"]
)
def test_a_destination_is_a_service(tree: Baseline, host: str) -> None:
    tree.get("VirtualService", "novacron-api")["spec"]["http"][0]["route"][0]["destination"]["host"] = host
    tree.breaks("virtual-service-destination-missing", ROUTES, f"{DESTINATION}.host")


def test_a_service_entry_is_a_destination(tree: Baseline) -> None:
    tree.add(
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: partner, namespace: novacron}
        spec: {hosts: ["*.partner.example"]}
        """
    )
    route = tree.get("VirtualService", "novacron-api")["spec"]["http"][0]["route"][0]
    route["destination"] = {"host": "eu.partner.example"}
    tree.keeps("virtual-service-destination-missing")


def test_a_destination_port_is_a_service_port(tree: Baseline) -> None:
    route = tree.get("VirtualService", "novacron-api")["spec"]["http"][0]["route"][0]
    route["destination"]["port"]["number"] = 8080
    tree.breaks("virtual-service-port-missing", ROUTES, f"{DESTINATION}.port")


def test_a_destination_port_is_given_where_the_service_has_several(tree: Baseline) -> None:
    del tree.get("VirtualService", "novacron-api")["spec"]["http"][0]["route"][0]["destination"]["port"]
    tree.breaks("virtual-service-port-missing", ROUTES, f"{DESTINATION}.port")


def test_a_subset_is_defined_by_a_destination_rule_of_the_host(tree: Baseline) -> None:
    route = tree.get("VirtualService", "novacron-api")["spec"]["http"][0]["route"][0]
    route["destination"]["subset"] = "canary"
    finding = tree.breaks("virtual-service-subset-missing", ROUTES, f"{DESTINATION}.subset")
    assert "there is stable" in finding.message


def test_a_destination_rule_is_for_a_service(tree: Baseline) -> None:
    tree.get("DestinationRule", "novacron-api")["spec"]["host"] = "novacron-api.gone.svc.cluster.local"
    tree.breaks("destination-rule-host-missing", RULE, "spec.host")


def test_a_wildcard_destination_rule_is_for_a_namespace_that_exists(tree: Baseline) -> None:
    tree.get("DestinationRule", "novacron-api")["spec"]["host"] = "*.gone.svc.cluster.local"
    tree.breaks("destination-rule-host-missing", RULE, "spec.host")
    tree.get("DestinationRule", "novacron-api")["spec"]["host"] = "*.novacron.svc.cluster.local"
    tree.keeps("destination-rule-host-missing")


def test_a_subset_selects_pods_of_the_service(tree: Baseline) -> None:
    tree.get("DestinationRule", "novacron-api")["spec"]["subsets"][0]["labels"] = {"version": "v2"}
    tree.breaks("destination-rule-subset-selects-nothing", RULE, "spec.subsets[0].labels")


def test_locality_failover_needs_outlier_detection(tree: Baseline) -> None:
    del tree.get("DestinationRule", "novacron-api")["spec"]["trafficPolicy"]["outlierDetection"]
    tree.breaks(
        "destination-rule-failover-without-outlier-detection",
        RULE,
        "spec.trafficPolicy.loadBalancer.localityLbSetting",
    )
