import pytest

from dwcp_runtime.cli.quantities import duration, rate, size


@pytest.mark.parametrize(
    ("text", "bits"),
    [("200M", 200e6), ("1.5Gbit/s", 1.5e9), ("1000000", 1e6), ("1000kbps", 1e6), (" 1G ", 1e9)],
)
def test_a_rate_is_bits_per_second_with_a_decimal_unit(text, bits):
    assert rate(text) == bits


@pytest.mark.parametrize("text", ["", "fast", "-5M", "1m", "999999", "0", "1e9", "200MB"])
def test_no_rate_and_too_low_a_rate_are_refused_with_what_is_allowed(text):
    with pytest.raises(ValueError, match="allowed"):
        rate(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1 << 30, "1 GiB"),
        (5 << 50, "5120 TiB"),
    ],
)
def test_a_size_has_three_digits_and_a_binary_unit(count, text):
    assert size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (185, "3:05"), (7384, "2:03:04")])
def test_a_duration_reads_like_a_clock(seconds, text):
    assert duration(seconds) == text
