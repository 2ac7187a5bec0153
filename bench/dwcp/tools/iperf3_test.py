import json

import pytest

from bench.dwcp.tools.iperf3 import Iperf3Error, parse


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
