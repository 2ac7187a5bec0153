from dataclasses import replace

from charts_py.contract import names
from charts_py.contract.platform import Issuer, Security
from charts_py.contract.region import Region
from charts_py.resources import operator

REGION = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")


def of_kind(kind, region=REGION):
    return [manifest for manifest in operator.manifests(region) if manifest["kind"] == kind]


def rules(region=REGION):
    roles = [role for kind in ("ClusterRole", "Role") for role in of_kind(kind, region)]
    return [rule for role in roles for rule in role["rules"]]


def test_no_permission_is_a_wildcard():
    assert all("*" not in rule[field] for rule in rules() for field in ("apiGroups", "resources", "verbs"))


def test_only_the_two_certificate_secrets_can_be_read_or_changed():
    touching = [
        rule for rule in rules() if "secrets" in rule["resources"] and set(rule["verbs"]) != {"create"}
    ]

    assert [set(rule["resourceNames"]) for rule in touching] == [
        {names.tls_secret(names.CONSENSUS), names.tls_secret(names.DWCP)}
    ]


def test_where_cert_manager_issues_the_operator_touches_no_secret():
    signed = replace(REGION, security=Security(certificates="cert-manager", issuer=Issuer(name="ca")))

    assert not [rule for rule in rules(signed) if "secrets" in rule["resources"]]


def test_nothing_is_writable_in_the_whole_cluster_but_our_own_kinds():
    (role,) = of_kind("ClusterRole")
    writable = [rule for rule in role["rules"] if not set(rule["verbs"]) <= {"get", "list", "watch"}]

    assert {group for rule in writable for group in rule["apiGroups"]} == {names.API_GROUP}


def test_a_node_that_is_no_longer_needed_is_not_kept_for_the_operators_scratch_space():
    (deployment,) = of_kind("Deployment")

    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "true"


def test_a_drain_leaves_one_operator_running():
    (budget,) = of_kind("PodDisruptionBudget")
    (deployment,) = of_kind("Deployment")

    assert budget["spec"]["minAvailable"] == deployment["spec"]["replicas"] - 1 == 1
