from prometheus_client.parser import text_string_to_metric_families

from charts_py.contract import metrics as contract
from charts_py.contract import names
from dwcp_runtime.network.ledger import Ledger
from dwcp_runtime.network.metrics import AgentCollector, exposition, registry
from dwcp_runtime.network.path_mtu import PathMtu
from dwcp_runtime.network.readiness import Readiness
from dwcp_runtime.transport.progress import Progress, State

PROGRESS = Progress(
    transfer="t",
    name='disk"\n.img',
    peer="two:8888",
    direction="out",
    state=State.RUNNING,
    durable=4096,
    wire=2048,
    streams=3,
    rtt=0.05,
    retransmits=1,
    limited={"link": 2.5},
    blocks={"zstd": 4},
    block_file={"zstd": 4000},
    block_wire={"zstd": 1000},
)
ENDED = Progress(transfer="u", name="v", peer="lab-2", direction="in", state=State.FAILED, code="no-space")
OURS = [each for each in contract.METRICS if each.app == names.DWCP]


def scraped(readiness: Readiness | None = None) -> dict[str, dict[tuple[str, ...], float]]:
    ledger = Ledger(regions={"two:8888": "lab-2", "lab-2": "lab-2"})
    collector = AgentCollector(
        ledger=ledger,
        observe=lambda: ledger.observe(1.0, [("t", PROGRESS), ("u", ENDED)]),
        readiness=readiness or Readiness(),
        paths={"lab-2": PathMtu(endpoint="two:8888", mtu=1400), "lab-3": PathMtu(endpoint="x", reason="?")},
        configured_mtu=lambda: 9000,
    )
    collector.reload_failures["config"] += 2
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(exposition(registry(collector)).decode()):
        for sample in family.samples:
            labels = {each.name: each.labels for each in OURS}[sample.name]
            assert sample.labels.keys() == set(labels)
            found.setdefault(sample.name, {})[tuple(sample.labels[label] for label in labels)] = sample.value
    return found


def test_every_metric_of_the_contract_is_emitted_with_its_labels_and_no_other():
    assert scraped().keys() == {each.name for each in OURS}


def test_figures_arrive_under_the_peers_region():
    found = scraped()
    assert found[contract.STREAMS.name] == {("lab-2", "out"): 3}
    assert found[contract.RTT.name] == {("lab-2",): 0.05}
    assert found[contract.WIRE_BYTES.name] == {("lab-2", "out"): 2048, ("lab-2", "in"): 0}
    assert found[contract.FILE_BYTES.name] == {("lab-2", "out"): 4096, ("lab-2", "in"): 0}
    assert found[contract.BLOCK_FILE_BYTES.name] == {("out", "zstd"): 4000}
    assert found[contract.TRANSFERS.name] == {("in", "failed", "no-space"): 1}
    assert found[contract.LIMITED_SECONDS.name] == {("out", "link"): 2.5}
    assert found[contract.PATH_MTU.name] == {("lab-2",): 1400}
    assert found[contract.CONFIGURED_MTU.name] == {(): 9000}
    assert found[contract.RELOAD_FAILURES.name] == {("config",): 2, ("certificates",): 0, ("token",): 0}


def test_draining_shows():
    readiness = Readiness()
    assert scraped(readiness)[contract.DRAINING.name] == {(): 0}
    readiness.draining()
    assert scraped(readiness)[contract.DRAINING.name] == {(): 1}


def test_names_of_files_are_no_labels():
    assert "disk" not in str(scraped())
