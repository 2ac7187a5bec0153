from __future__ import annotations

from dataclasses import replace

from charts_py.contract import names
from charts_py.contract.platform import Issuer, Security
from charts_py.contract.region import Region
from charts_py.resources import certificates

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")


def test_a_certificate_is_signed_by_the_issuer_that_the_fleet_names():
    issuer = Issuer(name="team-ca", kind="Issuer")
    region = replace(LAB, security=Security(certificates="cert-manager", issuer=issuer))
    (certificate,) = certificates.of(region, names.DWCP, component="network")
    assert certificate["spec"]["issuerRef"] == {
        "group": "cert-manager.io",
        "kind": "Issuer",
        "name": "team-ca",
    }
    assert certificate["spec"]["privateKey"]["rotationPolicy"] == "Always"


def test_nothing_is_ordered_where_the_operator_issues():
    assert certificates.of(LAB, names.DWCP, component="network") == []
