from __future__ import annotations

from dataclasses import replace

from charts_py.contract import certificates, names
from charts_py.contract.dwcp import Dwcp
from charts_py.contract.platform import Issuer, Network, Security
from charts_py.contract.region import Region

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")


def test_a_member_certificate_names_every_member_by_the_headless_service():
    request = certificates.request_of(LAB, names.CONSENSUS)
    assert "*.novacron-consensus-headless.novacron.svc.cluster.local" in request.dns_names
    assert "novacron-consensus.novacron.svc" in request.dns_names


def test_an_agent_certificate_names_the_region_and_the_host_that_other_regions_dial():
    region = replace(LAB, network=Network(dwcp_endpoint="dwcp.example.org:8888"))
    request = certificates.request_of(region, names.DWCP)
    assert "lab-1.lab.dwcp.novacron.io" in request.dns_names
    assert "dwcp.example.org" in request.dns_names


def test_an_address_is_no_dns_name():
    region = replace(LAB, network=Network(dwcp_endpoint="192.0.2.7:8888"))
    assert "192.0.2.7" not in certificates.request_of(region, names.DWCP).dns_names


def test_a_region_without_dwcp_needs_no_agent_certificate():
    assert [r.app for r in certificates.requests(replace(LAB, dwcp=Dwcp(enabled=False)))] == [names.CONSENSUS]


def test_the_operator_issues_exactly_where_cert_manager_does_not():
    assert [external.name for external in certificates.issued_by_operator(LAB)] == [
        "novacron-consensus-tls",
        "novacron-dwcp-network-tls",
    ]
    signed = Security(certificates="cert-manager", issuer=Issuer(name="ca"))
    assert certificates.issued_by_operator(replace(LAB, security=signed)) == ()
