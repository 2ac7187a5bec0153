from dataclasses import replace

from charts_py.contract.dwcp import Dwcp
from charts_py.contract.flows import WORKLOADS
from charts_py.contract.platform import Monitoring
from charts_py.contract.ports import CONTAINER_PORTS, METRICS_PORTS
from charts_py.contract.region import Region
from charts_py.resources import monitoring
from charts_py.resources.alerts import ALERTS

REGION = Region(
    environment="lab",
    name="lab-1",
    cluster="lab-1",
    version="3.0.0",
    monitoring=Monitoring(prometheus=True),
)


def test_a_region_without_prometheus_has_nothing_of_it() -> None:
    assert monitoring.manifests(replace(REGION, monitoring=Monitoring())) == []


def test_every_workload_is_scraped_on_a_port_that_its_pods_name() -> None:
    monitors = {
        obj["metadata"]["name"]: obj["spec"]
        for obj in monitoring.manifests(REGION)
        if obj["kind"] == "PodMonitor"
    }
    assert set(monitors) == {workload.app for workload in WORKLOADS}
    for workload in WORKLOADS:
        spec = monitors[workload.app]
        (endpoint,) = spec["podMetricsEndpoints"]
        assert endpoint["port"] == METRICS_PORTS[workload.app].name
        assert endpoint["port"] in {port.name for port in CONTAINER_PORTS[workload.app]}
        assert spec["selector"] == {"matchLabels": {"app": workload.app}}
        assert spec["namespaceSelector"] == {"matchNames": [workload.namespace]}


def test_alerts_say_where_they_come_from() -> None:
    rules = monitoring.manifests(REGION)[-1]["spec"]["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == [alert.name for alert in ALERTS]
    for rule in rules:
        assert rule["labels"]["environment"] == "lab"
        assert rule["labels"]["region"] == "lab-1"


def test_a_region_without_dwcp_has_no_alert_about_it() -> None:
    without = monitoring.manifests(replace(REGION, dwcp=Dwcp(enabled=False)))
    text = str(without)
    assert "dwcp" not in text
    assert "NovaCronConsensusQuorumLost" in text
