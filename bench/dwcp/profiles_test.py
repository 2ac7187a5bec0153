import pytest

from bench.dwcp.profiles import MATRIX, REPRESENTATIVE, Profile, parse, with_others


def test_the_matrix_is_every_rate_with_every_round_trip_and_every_loss() -> None:
    assert len(set(MATRIX)) == len(MATRIX) == 2 * 3 * 4


def test_a_file_takes_the_seconds_that_were_asked_for_at_the_rate_of_the_line() -> None:
    size = Profile(rate_mbit=200, rtt_ms=10, loss=0).size(10)

    assert size % (1 << 20) == 0
    assert size * 8 / 200e6 == pytest.approx(10, rel=0.01)


def test_tcp_carries_less_than_the_line() -> None:
    assert Profile(rate_mbit=1000, rtt_ms=10, loss=0).payload_mbit == pytest.approx(965.3, abs=0.1)


def test_a_profile_reads_back_as_it_is_written() -> None:
    assert parse("1000:50:1e-3") == Profile(rate_mbit=1000, rtt_ms=50, loss=1e-3)


@pytest.mark.parametrize(
    "text", ["", "1000", "1000:50", "a:b:c", "0:50:0", "200:0:0", "200:50:1", "200:50:nan"]
)
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_little_time_goes_to_the_lines_that_stand_for_others_first_and_then_to_clean_ones() -> None:
    few, more, all_of_them = (with_others(MATRIX, affordable=count) for count in (4, 9, 24))

    assert few == frozenset(REPRESENTATIVE) < more
    assert {each.loss for each in more - few} == {0}
    assert all_of_them == frozenset(MATRIX)
    assert with_others(MATRIX, affordable=-3) == frozenset()
