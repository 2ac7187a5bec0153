import pytest

from charts_py.contract import flows, names, ports
from charts_py.contract.flows import Flow
from charts_py.contract.manifest import Manifest
from charts_py.contract.platform import ServiceMesh
from charts_py.contract.region import Region
from charts_py.resources import mesh_security

REGION = Region(
    environment="lab", name="lab-1", cluster="lab-1", version="3.0.0", service_mesh=ServiceMesh(enabled=True)
)


def policies() -> dict[tuple[str, str], Manifest]:
    return {
        (obj["metadata"]["namespace"], obj["metadata"]["name"]): obj
        for obj in mesh_security.manifests(REGION)
        if obj["kind"] == "AuthorizationPolicy"
    }


def allowed(app: str) -> set[tuple[str, str]]:
    rules = policies()[(names.NAMESPACE, app)]["spec"]["rules"]
    return {
        (caller, port)
        for rule in rules
        for source in rule["from"]
        for caller in (source["source"].get("principals") or source["source"]["namespaces"])
        for operation in rule["to"]
        for port in operation["operation"]["ports"]
    }


def test_both_namespaces_demand_mutual_tls_and_allow_nobody_by_default() -> None:
    found = mesh_security.manifests(REGION)
    strict = {obj["metadata"]["namespace"] for obj in found if obj["spec"] == {"mtls": {"mode": "STRICT"}}}
    assert strict == {"novacron", "novacron-system"}
    for namespace in strict:
        assert policies()[(namespace, "default-deny")]["spec"] == {}


def test_only_the_gateway_reaches_the_api() -> None:
    assert allowed(names.API) == {("istio-system", "8080")}


def test_consensus_answers_its_members_the_api_and_the_operator() -> None:
    assert allowed(names.CONSENSUS) == {
        ("cluster.local/ns/novacron/sa/novacron-api", "9090"),
        ("cluster.local/ns/novacron/sa/novacron-consensus", "9090"),
        ("cluster.local/ns/novacron-system/sa/novacron-operator", "9090"),
    }


def test_workloads_that_no_flow_reaches_through_a_sidecar_stay_with_the_default() -> None:
    apps = {name for _, name in policies()} - {"default-deny"}
    assert apps == {names.API, names.CONSENSUS}


def test_a_flow_from_a_caller_without_identity_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    stray = Flow(source=flows.DWCP, target=flows.API, ports=(ports.API_HTTP,), reason="none")
    monkeypatch.setattr(mesh_security, "FLOWS", (stray,))
    with pytest.raises(ValueError, match=r"novacron-dwcp-network.*has no identity"):
        mesh_security.manifests(REGION)
