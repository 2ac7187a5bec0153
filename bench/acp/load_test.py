import pytest

from bench.acp.load import Load, LoadError, median, parse_benchmark, parse_http

FEW = """
Summary:
  Total:	0.641407254 secs.
  Slowest:	0.060748705 secs.
  Requests/sec:	155.90718592028895

Latency distribution:
  50% in 0.003540564 secs.
  95% in 0.018715893 secs.
"""


def test_what_etcds_benchmark_says_is_read():
    text = FEW + "  99% in 0.0601 secs.\n  99.9% in 9.0 secs.\n"
    found = parse_benchmark(text, 100)
    assert found == Load(puts=100, rate=155.90718592028895, p50=0.003540564, p99=0.0601)


def test_of_a_few_puts_the_slowest_stands_for_99_percent():
    assert parse_benchmark(FEW, 10).p99 == 0.060748705


def test_errors_of_etcds_benchmark_are_counted_and_are_no_puts():
    text = FEW + "\nError distribution:\n  [3]\trpc error: code = Unavailable\n"
    found = parse_benchmark(text, 100)
    assert (found.puts, found.failed) == (97, 3)


def test_no_figures_are_an_error_that_shows_what_was_said():
    with pytest.raises(LoadError, match="no such host"):
        parse_benchmark("dial: no such host", 10)


def test_a_load_without_a_put_says_what_went_wrong():
    text = '{"puts": 0, "seconds": 1, "p50_s": 0, "p99_s": 0, "failures": {"EOF": 2}}'
    with pytest.raises(LoadError, match="EOF"):
        parse_http(text)


def test_medians_are_of_each_figure_and_failures_add_up():
    loads = [Load(puts=n, rate=n, p50=n, p99=10 - n, failed=n) for n in (1, 2, 9)]
    assert median(loads) == Load(puts=2, rate=2, p50=2, p99=8, failed=12)
