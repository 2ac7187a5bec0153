from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.network.shutdown import Shutdown, Step


def test_the_first_signal_drains_and_idleness_ends():
    shutdown = Shutdown(grace=80)
    assert shutdown.idle() is Step.WAIT
    assert shutdown.signalled(100.0) is Step.DRAIN
    assert shutdown.tick(179.9) is Step.WAIT
    assert shutdown.idle() is Step.END


def test_the_second_signal_ends_at_once():
    shutdown = Shutdown(grace=80)
    shutdown.signalled(100.0)
    assert shutdown.signalled(100.1) is Step.DROP


def test_after_the_grace_what_runs_is_cut():
    shutdown = Shutdown(grace=80)
    assert shutdown.tick(1e9) is Step.WAIT
    shutdown.signalled(100.0)
    assert shutdown.tick(180.0) is Step.CUT


def test_no_grace_cuts_at_the_next_look():
    shutdown = Shutdown(grace=0)
    shutdown.signalled(5.0)
    assert shutdown.tick(5.0) is Step.CUT


@given(st.lists(st.sampled_from(["signal", "idle", "tick"])))
def test_an_agent_drains_once_and_ends_once(events: list[str]):
    shutdown = Shutdown(grace=3)
    steps = []
    for now, event in enumerate(events):
        match event:
            case "signal":
                steps.append(shutdown.signalled(now))
            case "idle":
                steps.append(shutdown.idle())
            case _:
                steps.append(shutdown.tick(now))
    done = [step for step in steps if step is not Step.WAIT]
    assert done[:1] in ([], [Step.DRAIN])
    assert len(done) <= 2
    assert Step.DRAIN not in done[1:]
