from charts_py.contract.dwcp import AgentConfig, Peer
from dwcp_runtime.network.ledger import Ledger
from dwcp_runtime.network.links import links
from dwcp_runtime.network.path_mtu import PathMtu
from dwcp_runtime.network.peers import Peers
from dwcp_runtime.transport.progress import Progress, State

PEERS = Peers.of(
    AgentConfig(
        environment="lab",
        region="lab-1",
        peers=(Peer(region="lab-2", endpoint="two:8888"), Peer(region="lab-3", endpoint="three:8888")),
    )
)


def running(name: str, **values: float) -> tuple[str, Progress]:
    given = {"name": name, "direction": "out", "peer": "two:8888", "state": State.RUNNING}
    return name, Progress(transfer=name, **given, **values)  # type: ignore[arg-type]


def test_a_link_sums_up_what_runs_over_it_and_no_other():
    ledger = Ledger(regions={"two:8888": "lab-2"}, packet=1072)
    ledger.observe(
        0.0, [running("a", streams=2, rtt=0.1, wire=99000, retransmits=1), running("b", streams=3)]
    )
    two, three = links(PEERS, {"lab-2": PathMtu(endpoint="two:8888", mtu=1400)}, ledger, 9000)
    assert two == {
        "region": "lab-2",
        "endpoint": "two:8888",
        "certificate_name": "lab-2.lab.dwcp.novacron.io",
        "transfers": 2,
        "streams": 5,
        "rtt": 0.1,
        "loss": 0.01,
        "path_mtu": 1400,
        "path_mtu_reason": None,
        "configured_mtu": 9000,
    }
    assert (three["transfers"], three["rtt"], three["loss"], three["path_mtu"]) == (0, None, None, None)
    assert three["path_mtu_reason"] == "not looked at yet"
