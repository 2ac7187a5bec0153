import contextlib

import pytest

from bench.acp import __main__ as bench
from bench.acp.goals import Cell
from bench.acp.load import Load
from bench.acp.puts import Puts
from bench.acp.timing import Timing
from bench.dwcp.line import LineError

LOAD = Load(puts=10, rate=10.0, p50=0.1, p99=0.2)
CELL = Cell(size=3, rtt_ms=0.0, clients=16, ours=[LOAD], theirs=[LOAD], gateway=[LOAD])
FOUND = Timing(heartbeat_ms=150, election_ms=1500, settled_s=200, watched_s=600, elections=0, moves=1)


@pytest.fixture
def docs(monkeypatch, tmp_path):
    """A page of its own, tools that are there, a line that is none."""
    for name in ("etcd", "etcdutl", "etcd-benchmark", "http-load"):
        tool = tmp_path / name
        tool.write_text("#!/bin/sh\necho etcd Version: 3.6.16\n")
        tool.chmod(0o755)
    monkeypatch.setattr(bench, "CHECKOUT", tmp_path)
    monkeypatch.setattr(bench, "TOOLS", tmp_path)
    monkeypatch.setattr(bench, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(bench, "PAGE", tmp_path / "bench-acp.md")
    monkeypatch.setattr(bench.line, "emulator", lambda _wan: "netem")
    monkeypatch.setattr(bench.line, "opened", lambda *_which: contextlib.nullcontext())
    return tmp_path / "bench-acp.md"


def test_an_interruption_keeps_what_was_written_before_it(docs, monkeypatch):
    def measure(*_how):
        yield Puts(cells=[CELL], problems=["5 members, loopback: the run did not get there"])
        raise KeyboardInterrupt

    monkeypatch.setattr(bench.puts, "measure", measure)
    assert bench.main(["--write", "--part", "puts"]) == 130
    assert "| 3       | 16" in docs.read_text() and "did not get there" in docs.read_text()


def test_a_run_of_one_part_leaves_the_other_part_of_the_page(docs, monkeypatch):
    monkeypatch.setattr(bench.puts, "measure", lambda *_how: iter([Puts(cells=[CELL], problems=[])]))
    monkeypatch.setattr(bench.timing_run, "measure", lambda *_how, **_long: iter([FOUND]))
    assert bench.main(["--write", "--part", "puts"]) == 0
    assert bench.main(["--write", "--part", "timing"]) == 0
    text = docs.read_text()
    assert "| 3       | 16" in text and "heartbeat of 150 ms" in text
    assert "`make bench-acp BENCH_OPTIONS='--part timing'`" in text


def test_kills_that_can_not_be_measured_keep_the_watch_and_say_why(docs, monkeypatch):
    def measure(*_how, **_long):
        yield FOUND
        raise LineError("the group was not whole again within 120 s")

    monkeypatch.setattr(bench.timing_run, "measure", measure)
    assert bench.main(["--write", "--part", "timing"]) == 0
    assert "0 in 600 s" in docs.read_text()
    assert "**not measured**: adaptive timing: the group was not whole again" in docs.read_text()


def test_without_write_the_page_is_printed_and_left_alone(docs, monkeypatch, capsys):
    monkeypatch.setattr(bench.puts, "measure", lambda *_how: iter([Puts(cells=[CELL], problems=[])]))
    assert bench.main(["--part", "puts"]) == 0
    assert not docs.exists() and "| 3       | 16" in capsys.readouterr().out
