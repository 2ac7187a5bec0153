from charts_py.contract import flows, names, ports
from charts_py.contract.flows import Workload


def test_every_flow_between_our_workloads_ends_at_a_port_that_the_target_listens_on():
    for flow in flows.FLOWS:
        if isinstance(flow.target, Workload):
            assert set(flow.ports) <= set(ports.CONTAINER_PORTS[flow.target.app]), flow


def test_every_metrics_port_is_reachable_by_prometheus():
    scraped = {flow.target.app for flow in flows.FLOWS if flow.source == "prometheus"}

    assert scraped == set(ports.METRICS_PORTS)


def test_port_names_fit_the_limit_of_the_api_server():
    assert all(len(port.name) <= 15 for listed in ports.CONTAINER_PORTS.values() for port in listed)


def test_only_the_agent_talks_to_other_regions():
    outward = {flow.source for flow in flows.FLOWS if flow.target == "peer-regions"}

    assert outward == {Workload(namespace=names.NAMESPACE, app=names.DWCP)}
