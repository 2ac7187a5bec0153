from bench.dwcp.netem import options, setup
from bench.dwcp.profiles import Profile


def test_half_of_the_round_trip_and_the_loss_are_in_each_direction() -> None:
    words = options(Profile(rate_mbit=200, rtt_ms=50, loss=1e-3))

    assert words[words.index("delay") + 1] == "25ms"
    assert words[words.index("loss") + 1] == "0.1%"
    assert words[words.index("rate") + 1] == "200mbit"


def test_the_queue_holds_what_is_on_its_way_and_fifty_milliseconds_more() -> None:
    words = options(Profile(rate_mbit=1000, rtt_ms=150, loss=0))

    packets = int(words[words.index("limit") + 1])
    assert packets * 1500 * 8 / 1e9 >= 0.075 + 0.050


def test_a_line_without_loss_or_rate_has_none() -> None:
    words = options(Profile(rate_mbit=0, rtt_ms=10, loss=0))

    assert "loss" not in words
    assert "rate" not in words


def test_both_ends_know_the_address_of_the_other() -> None:
    commands = list(setup(Profile(rate_mbit=200, rtt_ms=50, loss=0), ("a", "b"), ("10.0.0.1", "10.0.0.2")))

    addresses = [(words[2], words[5], words[7]) for words in commands if words[3:5] == ["addr", "add"]]
    assert addresses == [("a", "10.0.0.1", "10.0.0.2"), ("b", "10.0.0.2", "10.0.0.1")]
