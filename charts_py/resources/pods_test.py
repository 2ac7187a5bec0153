from __future__ import annotations

import pytest

from charts_py.contract import ports
from charts_py.contract.region import Region
from charts_py.resources import pods

LAB = Region(environment="lab", name="lab-1", cluster="lab-1", version="3.0.0")


@pytest.mark.parametrize("app", sorted(ports.CONTAINER_PORTS))
def test_every_probe_asks_a_port_that_the_container_declares(app: str):
    declared = {port["name"] for port in pods.container_ports(app)}
    for probe in pods.probes(app, startup_seconds=30).values():
        assert probe["httpGet"]["port"] in declared


def test_a_process_has_at_least_its_startup_time():
    startup = pods.probes("novacron-api", startup_seconds=31)["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 31


def test_a_process_knows_its_region_and_only_the_asked_facts_of_its_pod():
    assert {entry["name"]: entry["value"] for entry in pods.environment(LAB)} == {
        "NOVACRON_ENVIRONMENT": "lab",
        "NOVACRON_REGION": "lab-1",
    }
    (name,) = pods.downward("POD_NAME")
    assert name["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
