from dataclasses import replace

from charts_py.contract.platform import Backup, Bucket, Issuer, Monitoring, Security, ServiceMesh
from charts_py.contract.region import Region
from charts_py.contract.workloads import Api
from charts_py.resources.externals import externals

BARE = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")
FULL = replace(
    BARE,
    provider="aws",
    api=Api(host="api.lab.example"),
    security=Security(certificates="cert-manager", issuer=Issuer(name="lab-ca")),
    service_mesh=ServiceMesh(enabled=True),
    monitoring=Monitoring(prometheus=True),
    backup=Backup(enabled=True, bucket=Bucket(name="backups", region="us-east-1")),
)


def names_of(region: Region) -> set[str]:
    return {f"{one.kind} {one.namespace}/{one.name}" for one in externals(region)}


def test_a_bare_cluster_needs_its_dns_and_what_the_operator_makes() -> None:
    assert names_of(BARE) == {
        "Deployment kube-system/coredns",
        "Secret novacron/novacron-consensus-tls",
        "Secret novacron/novacron-dwcp-network-tls",
    }


def test_each_add_on_that_the_fleet_turns_on_is_declared() -> None:
    assert names_of(FULL) == {
        "ClusterIssuer /lab-ca",
        "Deployment istio-system/istio-ingressgateway",
        "Deployment istio-system/istiod",
        "Deployment kube-system/coredns",
        "Deployment monitoring/prometheus",
        "Namespace /istio-system",
        "Namespace /velero",
        "Secret istio-system/novacron-api-public-tls",
    }


def test_an_issuer_of_a_namespace_is_looked_for_beside_the_certificates() -> None:
    issuer = Issuer(name="lab-ca", kind="Issuer")
    region = replace(BARE, security=Security(certificates="cert-manager", issuer=issuer))
    assert "Issuer novacron/lab-ca" in names_of(region)


def test_without_a_public_host_nobody_needs_its_certificate() -> None:
    inner = replace(FULL, api=Api())
    assert not [name for name in names_of(inner) if name.startswith("Secret istio-system/")]


def test_everything_has_an_owner() -> None:
    assert all(one.owner for one in (*externals(BARE), *externals(FULL)))
