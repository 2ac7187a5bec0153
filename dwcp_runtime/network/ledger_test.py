from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.network.ledger import OTHER, Ledger
from dwcp_runtime.transport.progress import Progress, State

RUNNING, DONE, FAILED = State.RUNNING, State.DONE, State.FAILED


def at(state: State = RUNNING, **values: Any) -> Progress:
    given = {"transfer": "t", "name": "n", "peer": "lab-2", "direction": "out", **values}
    return Progress(state=state, **given)


def ledger() -> Ledger:
    return Ledger(regions={"lab-2": "lab-2", "two:8888": "lab-2"}, packet=1072)


def watched(*steps: list[Progress]) -> Ledger:
    made = ledger()
    for now, step in enumerate(steps):
        made.observe(float(now), [(each.transfer, each) for each in step])
    return made


def test_what_is_seen_twice_counts_once():
    seen = at(wire=10, durable=7, retransmits=1, blocks={"zstd": 2}, limited={"link": 0.5})
    made = watched([seen], [seen])
    assert made.wire["lab-2", "out"] == 10
    assert made.durable["lab-2", "out"] == 7
    assert made.retransmits["lab-2"] == 1
    assert made.blocks["out", "zstd"] == made.encoded == 2
    assert made.limited["out", "link"] == 0.5


def test_totals_stay_when_a_transfer_is_forgotten():
    made = watched([at(wire=10)], [at(DONE, wire=15, elapsed=1)], [])
    assert made.wire["lab-2", "out"] == 15
    assert made.outcomes == {("out", "done", ""): 1}
    assert made.running == []


def test_a_second_run_under_the_same_id_adds_to_the_first_while_both_are_listed():
    first = at(FAILED, wire=10, elapsed=3, code="closed")
    made = watched(
        [at(wire=8, elapsed=2)],
        [first, at(wire=4, elapsed=1)],
        [first, at(wire=20, elapsed=2)],
        [first, at(DONE, wire=21, elapsed=3)],
        [first, at(DONE, wire=21, elapsed=3)],
    )
    assert made.wire["lab-2", "out"] == 31
    assert made.outcomes == {("out", "failed", "closed"): 1, ("out", "done", ""): 1}


def test_a_run_that_was_never_seen_running_counts_whole():
    made = watched([at(DONE, wire=5, elapsed=1)], [at(FAILED, wire=7, elapsed=2, code="io")])
    assert made.wire["lab-2", "out"] == 12
    assert sum(made.outcomes.values()) == 2


def test_bytes_from_an_earlier_run_are_not_made_durable_again():
    made = watched([at()], [at(durable=100, resumed=100)], [at(durable=130, resumed=100)])
    assert made.durable["lab-2", "out"] == 30


def test_peers_that_are_not_configured_share_one_label():
    made = watched([at(transfer=str(n), peer=f"10.0.0.{n}:1", wire=1) for n in range(3)])
    assert made.wire == {(OTHER, "out"): 3}


def test_loss_is_that_of_the_last_minute():
    made = ledger()
    made.observe(0.0, [("t", at(wire=1000 * 98, retransmits=2))])
    assert made.loss() == {"lab-2": pytest.approx(0.02)}
    made.observe(59.0, [("t", at(wire=1000 * 198, retransmits=2))])
    assert made.loss() == {"lab-2": pytest.approx(2 / 200)}
    made.observe(60.0, [("t", at(wire=1000 * 198, retransmits=2))])
    assert made.loss() == {"lab-2": 0.0}
    made.observe(200.0, [("t", at(wire=1000 * 198, retransmits=2))])
    assert made.loss() == {}


def test_connections_are_degraded_by_loss_or_by_not_coming_about():
    lossy = watched([at(wire=1000 * 90, retransmits=10, streams=4)])
    assert lossy.connections() == {("lab-2", False): 4}
    fine = watched([at(wire=1000 * 999, retransmits=1, streams=4)])
    assert fine.connections() == {("lab-2", True): 4}
    stuck = watched([at(State.CONNECTING, elapsed=11.0)])
    assert stuck.connections() == {("lab-2", False): 1}
    assert watched([at(State.CONNECTING, elapsed=1.0)]).connections() == {}


def test_what_is_received_is_no_work_of_the_encoder():
    made = watched([at(direction="in", blocks={"raw": 5}, encoding_failures=1, retransmits=3)])
    assert (made.encoded, made.encoding_failures) == (0, 0)
    assert not made.retransmits
    assert made.blocks["in", "raw"] == 5


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 50), st.sampled_from(list(State))))))
def test_no_total_ever_falls(steps: list[list[tuple[str, int, State]]]):
    made, last = ledger(), (0, 0, 0)
    for now, step in enumerate(steps):
        made.observe(
            float(now), [(t, at(state, transfer=t, wire=n, durable=n, elapsed=n)) for t, n, state in step]
        )
        figures = (made.wire.total(), made.durable.total(), made.outcomes.total())
        assert all(new >= old for new, old in zip(figures, last, strict=True))
        last = figures
