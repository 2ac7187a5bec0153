from tests.e2e.report import CheckError, NotRunError, Report


def make():
    lines: list[str] = []
    ticks = iter(range(1000))
    return Report(say=lines.append, clock=lambda: float(next(ticks))), lines


def fail():
    raise CheckError("expected 3, found 4")


def skip():
    raise NotRunError("your cluster has no KWOK")


def test_a_failed_step_does_not_end_the_run():
    report, lines = make()
    assert not report.step("numbers agree", fail)
    assert report.step("water is wet", lambda: None)
    assert "failed" in lines[0]
    assert "expected 3, found 4" in lines[0]
    assert "passed" in lines[1]


def test_a_step_whose_need_failed_is_not_run():
    report, _ = make()
    acted: list[int] = []
    report.step("cluster is up", fail)
    report.step("pods are ready", lambda: acted.append(1), needs="cluster is up")
    assert not acted
    assert report.steps[1].outcome == "skipped"
    assert "cluster is up" in report.steps[1].reason


def test_a_step_that_cannot_run_here_says_why():
    report, _ = make()
    report.step("pods are ready", skip)
    assert "your cluster has no KWOK" in report.summary()


def test_the_closing_line_counts_every_step():
    report, _ = make()
    report.step("a", lambda: None)
    report.step("b", fail)
    report.step("c", skip)
    assert report.summary().splitlines()[-1] == "1 passed, 1 failed, 1 skipped"


def test_a_run_in_which_all_ran_speaks_of_no_skipped_steps():
    report, _ = make()
    report.step("a", lambda: None)
    assert report.summary().splitlines()[-1] == "1 passed, 0 failed"


def test_the_summary_gives_the_seconds_of_each_step():
    report, _ = make()
    report.step("a", lambda: None)
    assert "     1.0 s  passed   a" in report.summary()


def test_the_summary_names_what_was_played():
    report, _ = make()
    report.played["Certificate"] = "Ready=True, as cert-manager would"
    assert "Certificate  Ready=True" in report.summary()
