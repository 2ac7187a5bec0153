from charts_py.tree.checks.baseline import Baseline

REGION = "NovaCronRegion.novacron.io novacron/us-east-1"
DEFINITION = "CustomResourceDefinition.apiextensions.k8s.io novacronregions.novacron.io"


def test_a_namespace_exists(tree: Baseline) -> None:
    tree.get("ConfigMap", "settings")["metadata"]["namespace"] = "novakron"
    tree.breaks("namespace-missing", "ConfigMap novakron/settings", "metadata.namespace")


def test_our_custom_resource_has_its_definition(tree: Baseline) -> None:
    tree.remove("CustomResourceDefinition", "novacronregions.novacron.io")
    tree.breaks("custom-resource-undefined", REGION, "kind")


def test_our_custom_resource_has_a_served_version(tree: Baseline) -> None:
    tree.get("NovaCronRegion", "us-east-1")["apiVersion"] = "novacron.io/v2"
    tree.breaks("custom-resource-undefined", REGION, "apiVersion")


def test_our_custom_resource_has_the_scope_of_its_definition(tree: Baseline) -> None:
    tree.get("CustomResourceDefinition", "novacronregions.novacron.io")["spec"]["scope"] = "Cluster"
    tree.breaks("custom-resource-undefined", REGION, "metadata.namespace")


def test_a_webhook_leads_to_a_service_port(tree: Baseline) -> None:
    client = tree.get("CustomResourceDefinition", "novacronregions.novacron.io")["spec"]["conversion"][
        "webhook"
    ]
    del client["clientConfig"]["service"]["port"]
    field = "spec.conversion.webhook.clientConfig.service"
    finding = tree.breaks("webhook-service-missing", DEFINITION, field)
    assert "no port 443" in finding.message


def test_a_bound_admission_policy_exists_and_a_policy_is_bound(tree: Baseline) -> None:
    tree.get("ValidatingAdmissionPolicyBinding", "odd-consensus")["spec"]["policyName"] = "odd"
    found = [finding for finding in tree.findings() if finding.rule == "admission-policy-missing"]
    assert [finding.field for finding in found] == ["metadata.name", "spec.policyName"]
