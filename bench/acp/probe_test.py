from bench.acp.probe import first_after

LINES = ["api 1.0 1.1\n", "etcd 2.1 2.6\n", "api 1.9 2.2\n", "api 2.1 2.5\n", "api 2.2 2.4\n"]


def test_only_puts_that_started_after_the_moment_count():
    assert first_after(LINES, "api", 2.0) == 2.4
    assert first_after(LINES, "etcd", 2.0) == 2.6


def test_nothing_acknowledged_is_none_and_a_line_that_is_cut_is_left_out():
    assert first_after(LINES, "api", 3.0) is None
    assert first_after(["api 2.2 2."], "api", 2.0) is None
