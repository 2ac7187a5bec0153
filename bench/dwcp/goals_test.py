from collections.abc import Sequence

import pytest

from bench.dwcp import goals, second_version
from bench.dwcp.encoder import Encoded
from bench.dwcp.floor import Floor
from bench.dwcp.loopback import Loopback
from bench.dwcp.memory import Sized
from bench.dwcp.profiles import Profile
from bench.dwcp.raw import OnLine
from bench.dwcp.second_version import SecondVersion
from bench.dwcp.tools.iperf3 import Flow
from bench.dwcp.transfer import Nothing, Outcome, Runs, Transfer
from bench.measure import Run

_SIZE = 1_000_000_000
_FLOOR = Floor(read=0.2, digest=0.2, socket=0.3, write=0.4, seal_and_open=0.6, cores=2)


def _transfer(
    wall: float, *, wire: int = 0, cpu: tuple[float, float] = (1, 1), peak: int = 1, cut: bool = False
) -> Transfer:
    sender, receiver = (Run(wall_s=wall, cpu_s=each, peak_bytes=peak, cut=cut) for each in cpu)
    return Transfer(size=_SIZE, sender=sender, receiver=receiver, wire_bytes=wire)


def _on(loss: float, outcomes: Sequence[Outcome], rates: Sequence[float]) -> OnLine:
    flows = [Flow(streams=n, rate=rate, congestion="bbr", retransmits=0) for n, rate in enumerate(rates, 1)]
    return OnLine(
        profile=Profile(rate_mbit=200, rtt_ms=50, loss=loss),
        size=_SIZE,
        ours=Runs(tool="dwcp (TLS)", outcomes=tuple(outcomes)),
        others=(),
        flows=flows,
    )


@pytest.mark.parametrize(
    ("loss", "wall", "reached"),
    [(1e-3, 11.1, True), (1e-3, 11.2, False), (1e-2, 12.4, True), (1e-2, 12.6, False)],
)
def test_nine_tenths_are_asked_for_up_to_a_loss_of_a_thousandth_and_eight_above(
    loss: float, wall: float, reached: bool
) -> None:
    # The best flow takes ten seconds for the file.
    assert goals.of_line(_on(loss, [_transfer(wall)], [_SIZE / 20, _SIZE / 10])).reached is reached


def test_the_best_flow_is_the_limit_whatever_its_streams() -> None:
    assert goals.share(_on(0, [_transfer(10)], [_SIZE / 10, _SIZE / 5])) == pytest.approx(0.5)


def test_a_transfer_of_ours_that_fails_loses_and_a_missing_iperf3_says_nothing() -> None:
    assert goals.of_line(_on(0, [Nothing(reason="failed: x")], [1.0])).reached is False
    assert goals.of_line(_on(0, [_transfer(1, cut=True)], [1.0])).reached is False
    assert goals.of_line(_on(0, [_transfer(1)], [])).reached is None


def test_one_line_that_loses_loses_for_all_and_is_named() -> None:
    good, bad = _on(0, [_transfer(10)], [_SIZE / 10]), _on(1e-4, [_transfer(20)], [_SIZE / 10])

    (verdict,) = goals.of_lines([good, bad])

    assert verdict.reached is False
    assert "1 of 2" in verdict.figures
    assert "loss 0.0001 (50%)" in verdict.figures


def _way(ours: Outcome, patch: Outcome, *others: Outcome) -> SecondVersion:
    names = [second_version.OURS[0].name, second_version.YARDSTICK.name, "scp", "borg"]
    runs = [
        Runs(tool=name, outcomes=(each,)) for name, each in zip(names, (ours, patch, *others), strict=False)
    ]
    return SecondVersion(title="x", size=_SIZE, changed=0, runs=runs)


def test_a_tenth_more_bytes_than_the_patch_is_still_reached() -> None:
    patch = _transfer(9, wire=100)

    found = [goals.of_second_version(_way(_transfer(5, wire=wire), patch))[0].reached for wire in (110, 111)]

    assert found == [True, False]


def test_every_other_tool_has_to_be_slower() -> None:
    patch, scp = _transfer(9, wire=100), _transfer(4)

    _, alone = goals.of_second_version(_way(_transfer(5), patch))
    _, beaten = goals.of_second_version(_way(_transfer(5), patch, scp))

    assert (alone.reached, beaten.reached) == (True, False)
    assert "scp, 4.00 s" in beaten.figures


def test_a_tool_that_was_ended_counts_as_slower_and_one_that_is_missing_leaves_it_open() -> None:
    patch = _transfer(9, wire=100)

    _, ended = goals.of_second_version(_way(_transfer(5), patch, _transfer(240, cut=True)))
    _, missing = goals.of_second_version(_way(_transfer(5), patch, Nothing(reason="scp: not found here")))

    assert ended.reached is True
    assert missing.reached is None
    assert "no figure of scp" in missing.figures


def _looped(plain: Outcome, tls: Outcome, scp: Outcome) -> list[bool | None]:
    names = ("dwcp --insecure", "dwcp (TLS)", "scp")
    runs = [Runs(tool=name, outcomes=(each,)) for name, each in zip(names, (plain, tls, scp), strict=True)]
    return [verdict.reached for verdict in goals.of_loopback(Loopback(size=_SIZE, floor=_FLOOR, runs=runs))]


def test_loopback_is_judged_by_rate_by_the_busier_core_and_by_scp() -> None:
    fast = _looped(_transfer(0.9), _transfer(2, cpu=(1.6, 1.0)), _transfer(3))
    slow = _looped(_transfer(1.1), _transfer(2, cpu=(1.0, 1.7)), _transfer(1))

    assert fast == [True, True, True, True]
    assert slow == [False, False, False, False]


def test_memory_may_not_grow_with_the_file() -> None:
    small = Sized(size=1 << 30, outcome=_transfer(1, peak=100))
    alike, grown = (Sized(size=8 << 30, outcome=_transfer(1, peak=peak)) for peak in (109, 200))

    assert [verdict.reached for verdict in goals.of_memory([small, alike])] == [True, True]
    assert [verdict.reached for verdict in goals.of_memory([small, grown])] == [False, False]


@pytest.mark.parametrize(("wall", "reached"), [(10.4, True), (10.6, False)])
def test_the_choice_of_levels_loses_only_beyond_the_noise_of_two_runs(wall: float, reached: bool) -> None:
    chosen, raw = (Runs(tool="t", outcomes=(_transfer(each),)) for each in (wall, 10))
    found = Encoded(place="loopback", content="text", size=_SIZE, chosen=chosen, raw=raw)

    assert [verdict.reached for verdict in goals.of_encoder([found])] == [reached]
