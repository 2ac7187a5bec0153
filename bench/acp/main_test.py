import argparse
import contextlib
from pathlib import Path

from bench.acp import __main__ as bench
from bench.acp.goals import Cell
from bench.acp.load import LoadError


def test_a_cell_that_fails_costs_none_of_its_groups_others(monkeypatch):
    def cell(_running, size, rtt_ms, clients, **_how):
        if clients == 16:
            raise LoadError("not one put succeeded")
        return Cell(size=size, rtt_ms=rtt_ms, clients=clients, ours=(), theirs=(), gateway=())

    monkeypatch.setattr(bench, "_cell", cell)
    monkeypatch.setattr(bench.group, "running", lambda *_where, **_what: contextlib.nullcontext())
    problems: list[str] = []
    options = argparse.Namespace(clients=[1, 16, 64], runs=1, seconds=1)
    found = list(bench._cells(Path(), "", 3, 0.0, options, problems))
    assert [each.clients for each in found] == [1, 64]
    assert problems == ["3 members, loopback, 16 clients: not one put succeeded"]
