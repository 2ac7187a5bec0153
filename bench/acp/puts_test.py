import contextlib
from pathlib import Path

import pytest

from bench.acp import puts
from bench.acp.goals import Cell
from bench.acp.group import GroupError
from bench.acp.load import LoadError

PLAN = puts.Plan(sizes=[3, 5], lines_ms=[0.0], clients=[1, 16, 64], runs=1, seconds=1)


@pytest.fixture
def failing(monkeypatch):
    """Groups that answer without members; the cells and sizes named here fail."""
    fails: dict[tuple[int, int | None], Exception] = {}

    def cell(_tools, _running, size, rtt_ms, clients, _plan):
        if (size, clients) in fails:
            raise fails[size, clients]
        return Cell(size=size, rtt_ms=rtt_ms, clients=clients, ours=(), theirs=(), gateway=())

    @contextlib.contextmanager
    def running(_tools, _folder, _line, *, size, rtt_ms):
        if (size, None) in fails:
            raise fails[size, None]
        yield None

    monkeypatch.setattr(puts, "_cell", cell)
    monkeypatch.setattr(puts.group, "running", running)
    return fails


def measured(found: puts.Puts) -> list[tuple[int, int]]:
    return [(each.size, each.clients) for each in found.cells]


def test_a_cell_that_fails_costs_none_of_its_groups_others(failing):
    failing[3, 16] = LoadError("not one put succeeded")
    *_, last = puts.measure(Path(), Path(), "", PLAN)
    assert measured(last) == [(3, 1), (3, 64), (5, 1), (5, 16), (5, 64)]
    assert last.problems == ("3 members, loopback, 16 clients: not one put succeeded",)


def test_a_group_that_does_not_come_about_costs_none_of_the_others(failing):
    failing[3, None] = GroupError("m0 did not become leader")
    *_, last = puts.measure(Path(), Path(), "", PLAN)
    assert measured(last) == [(5, 1), (5, 16), (5, 64)]


def test_what_is_known_after_each_group_says_what_is_still_ahead(failing):
    first, last = puts.measure(Path(), Path(), "", PLAN)
    assert measured(first) == [(3, 1), (3, 16), (3, 64)]
    assert first.problems == ("5 members, loopback: the run did not get there",)
    assert last.problems == ()
