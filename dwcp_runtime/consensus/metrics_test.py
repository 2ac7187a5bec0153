from dataclasses import replace

from hypothesis import given
from prometheus_client.parser import text_string_to_metric_families

from charts_py.contract import metrics as contract
from charts_py.contract import names
from dwcp_runtime.consensus.metrics import CommitDurations, ConsensusCollector, exposition, registry
from dwcp_runtime.consensus.status_document import (
    GroupStatus,
    MemberStatus,
    Phase,
    Quorum,
    Role,
    SnapshotStatus,
    TimingStatus,
)
from dwcp_runtime.consensus.status_document_test import STATUS

OURS = {each.name: each for each in contract.METRICS if each.app == names.CONSENSUS}
FULL = GroupStatus(
    name="a",
    phase=Phase.RUNNING,
    role=Role.LEADER,
    leader="a",
    leader_changes=2,
    members=(
        MemberStatus(name="a", id=1, learner=False, reachable=True, lag=0),
        MemberStatus(name="", id=255, learner=True, reachable=False, lag=7),
    ),
    quorum=Quorum(size=1, voters=1, healthy=1, held=True),
    timings_running=TimingStatus(heartbeat_ms=150, election_ms=1500),
    round_trips={"b": 0.15},
    db_size=4096,
    db_in_use=1024,
    last_snapshot=SnapshotStatus(name="s", taken_at=1_900_000_000, revision=4, size_bytes=1, sha256="00"),
)
Scrape = dict[str, dict[tuple[str, ...], float]]


def scraped(status: GroupStatus, commits: CommitDurations | None = None) -> Scrape:
    collector = ConsensusCollector(lambda: status, commits or CommitDurations())
    found: Scrape = {}
    for family in text_string_to_metric_families(exposition(registry(collector)).decode()):
        for sample in family.samples:
            names_of = OURS[sample.name].labels if sample.name in OURS else tuple(sample.labels)
            found.setdefault(sample.name, {})[tuple(sample.labels[name] for name in names_of)] = sample.value
    return found


def test_every_metric_of_the_contract_is_emitted_and_no_other():
    histogram = contract.COMMIT_DURATION.name
    series = {histogram + end for end in ("_bucket", "_count", "_sum")}
    assert scraped(FULL).keys() == (OURS.keys() - {histogram}) | series


def test_figures_arrive_in_base_units_under_their_names():
    found = scraped(FULL)
    assert found[contract.HEARTBEAT.name] == {(): 0.15}
    assert found[contract.ELECTION.name] == {(): 1.5}
    assert found[contract.LAG.name] == {("a",): 0, ("ff",): 7}
    assert found[contract.MEMBERS.name][("voter", "yes")] == 1
    assert found[contract.MEMBERS.name][("learner", "no")] == 1
    assert found[contract.LAST_SNAPSHOT.name] == {(): 1_900_000_000}


def test_a_member_without_a_leader_says_zero_and_does_not_fall_silent():
    found = scraped(GroupStatus(name="a", phase=Phase.WAITING))
    assert found[contract.HAS_LEADER.name] == {(): 0}
    assert found[contract.QUORUM_HELD.name] == {(): 0}


def test_a_commit_counts_in_every_bucket_that_it_fits_in():
    commits = CommitDurations()
    for seconds in (0.001, 0.2, 60.0):
        commits.observe(seconds)
    buckets = scraped(FULL, commits)[contract.COMMIT_DURATION.buckets]
    assert buckets[("0.001",)] == 1
    assert buckets[("0.1",)] == 1
    assert buckets[("0.25",)] == 2
    assert buckets[("5.0",)] == 2
    assert buckets[("+Inf",)] == 3


@given(STATUS)
def test_no_status_breaks_a_scrape(status):
    assert scraped(replace(status, members=status.members[:1]))
