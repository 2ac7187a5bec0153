import json

import pytest

from bench.dwcp.tools.iperf3 import Iperf3Error, next_count, parse


def test_the_receiver_counts() -> None:
    end = {
        "sum_sent": {"bits_per_second": 900e6, "retransmits": 7},
        "sum_received": {"bits_per_second": 800e6},
        "sender_tcp_congestion": "bbr",
    }

    flow = parse(json.dumps({"end": end}), streams=4)

    assert (flow.rate, flow.streams, flow.congestion, flow.retransmits) == (100e6, 4, "bbr", 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"end": {}, "error": "unable to connect"}', "unable to connect"),
        ("", "unexpected output"),
        ("[]", "unexpected output"),
        ('{"end": 1}', "unexpected output"),
    ],
)
def test_what_has_no_figures_is_an_error_with_its_reason(text: str, said: str) -> None:
    with pytest.raises(Iperf3Error, match=said):
        parse(text, streams=1)


def _order(rates: dict[int, float], full: float = 1e9) -> list[int]:
    tried: dict[int, float] = {}
    while (count := next_count(tried, full=full)) is not None:
        tried[count] = rates[count]
    return list(tried)


def test_the_search_ends_at_a_count_both_of_whose_neighbours_are_worse() -> None:
    assert _order({1: 1, 2: 2, 4: 4, 8: 8, 16: 9, 32: 10}) == [1, 8, 16, 32]
    assert _order({1: 1, 2: 2, 4: 6, 8: 5, 16: 3, 32: 1}) == [1, 8, 16, 4, 2]
    assert _order({1: 9, 2: 8, 4: 7, 8: 6, 16: 5, 32: 4}) == [1, 8, 2]


def test_one_and_eight_streams_are_measured_even_where_one_fills_the_line() -> None:
    assert _order({1: 100, 8: 90}, full=95) == [1, 8]
