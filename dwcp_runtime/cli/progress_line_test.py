from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.cli.progress_line import bar, line, summary
from dwcp_runtime.transport.progress import Limit, Progress, State

HALF = Progress(
    transfer="00",
    name="vm.img",
    peer="h:1",
    direction="out",
    state=State.RUNNING,
    size=1 << 30,
    durable=1 << 29,
    wire=1 << 28,
    rate=float(1 << 27),
    streams=3,
    limit=Limit.LINK,
)


def test_a_line_says_how_far_how_fast_by_what_and_how_long_yet():
    assert line(HALF) == "vm.img:  50% of 1 GiB  128 MiB/s  3 streams  ratio 2.0  limit: link  4 s left"


def test_a_bar_is_half_full_at_half():
    shown = bar(HALF, width=120)

    filled, empty = shown[1 : shown.index("]")].count("="), shown[1 : shown.index("]")].count(" ")
    assert abs(filled - empty) <= 1


@given(st.integers(1, 200))
def test_a_bar_is_never_wider_than_the_terminal(width):
    assert len(bar(HALF, width=width)) <= width


def test_an_empty_file_is_half_way_nowhere():
    assert line(replace(HALF, size=0, durable=0, state=State.DONE)).startswith("vm.img: 100% of 0 B")


def test_a_summary_of_a_failure_says_why_and_one_of_success_that_it_is_whole():
    failed = replace(HALF, state=State.FAILED, error="no space left")

    assert summary(failed) == "vm.img: failed: no space left"
    assert summary(replace(HALF, state=State.DONE)).endswith("whole and verified")


def test_a_summary_of_an_interruption_says_that_the_same_command_goes_on():
    stopped = replace(HALF, state=State.CANCELLED)

    assert summary(stopped).endswith("the same command goes on from there")
    # Given up for good, it begins anew.
    assert "goes on" not in summary(replace(stopped, error="the transfer was cancelled here"))


def test_a_transfer_that_connects_again_says_why():
    waiting = replace(HALF, state=State.CONNECTING, error="connection refused")

    assert "connecting: connection refused" in line(waiting)
