"""What the checker accepts and what it finds."""

from dataclasses import replace

import pytest

from tests.acp.history import CHECKER, History, Operation, violation

pytestmark = pytest.mark.skipif(not CHECKER.exists(), reason="run `python tools/build.py consensus`")


def op(kind, call, answered, **rest):
    return Operation(client=0, op=kind, key="k", call=call, answered=answered, outcome="ok", **rest)


def put(call, answered, value, revision):
    return op("put", call, answered, value=value, revision=revision)


def get(call, answered, value, revision):
    return op("get", call, answered, value=value, revision=revision)


def unknown(operation):
    return replace(operation, outcome="unknown", revision=0)


def verdict(tmp_path, *operations):
    History(operations=list(operations)).write(tmp_path / "history")
    return violation(tmp_path / "history")


GOOD = {
    "reads of what was written": [put(1, 2, "a", 5), get(3, 4, "a", 5)],
    "a read during a write may see either": [put(1, 2, "a", 5), put(3, 9, "b", 6), get(4, 5, "a", 5)],
    "a write of unknown outcome may take effect late": [
        put(1, 2, "a", 5),
        unknown(put(3, 4, "b", 0)),
        get(5, 6, "a", 5),
        get(7, 8, "b", 9),
    ],
    "or never": [put(1, 2, "a", 5), unknown(put(3, 4, "b", 0)), get(5, 6, "a", 5)],
    "a swap of unknown outcome may be why the next one failed": [
        put(1, 2, "a", 5),
        unknown(op("cas", 3, 4, value="b", expect=5)),
        op("cas", 5, 6, value="c", expect=5),
        get(7, 8, "b", 6),
    ],
    "a swap may fail for a revision that nobody has seen yet": [
        put(1, 2, "a", 5),
        unknown(put(3, 4, "b", 0)),
        op("cas", 5, 6, value="c", expect=5),
        op("cas", 7, 8, value="d", expect=7),
        get(9, 10, "b", 6),
    ],
    "a delete": [put(1, 2, "a", 5), op("delete", 3, 4, revision=6, swapped=True), get(5, 6, None, 0)],
    "what failed never took place": [
        put(1, 2, "a", 5),
        replace(put(3, 4, "b", 0), outcome="failed"),
        get(5, 6, "a", 5),
    ],
}

BAD = {
    "an acknowledged write is lost": [put(1, 2, "a", 5), get(3, 4, None, 0)],
    "a stale read": [put(1, 2, "a", 5), put(3, 4, "b", 6), get(5, 6, "a", 5)],
    "what failed took place": [replace(put(1, 2, "a", 0), outcome="failed"), get(3, 4, "a", 5)],
    "two swaps from one revision": [
        put(1, 2, "a", 5),
        op("cas", 3, 4, value="b", expect=5, revision=6, swapped=True),
        op("cas", 5, 6, value="c", expect=5, revision=7, swapped=True),
    ],
    "a swap is refused that had to succeed": [
        put(1, 2, "a", 5),
        op("cas", 3, 4, value="b", expect=5),
        get(5, 6, "a", 5),
    ],
    "a read shows another revision than the write had": [put(1, 2, "a", 5), get(3, 4, "a", 6)],
    "a revision goes back": [put(1, 2, "a", 5), put(3, 4, "b", 5)],
    "a value comes back after it was overwritten": [
        unknown(put(1, 2, "a", 0)),
        get(3, 4, "a", 5),
        put(5, 6, "b", 6),
        get(7, 8, "a", 7),
    ],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_history_that_one_register_could_have_made_is_accepted(tmp_path, name):
    assert verdict(tmp_path, *GOOD[name]) == ""


@pytest.mark.parametrize("name", BAD)
def test_a_history_that_no_register_could_have_made_is_refused_by_key(tmp_path, name):
    assert verdict(tmp_path, *BAD[name]).startswith('not linearizable: key "k"')


def test_each_key_is_a_register_of_its_own(tmp_path):
    other = replace(get(3, 4, None, 0), key="other")
    assert verdict(tmp_path, put(1, 2, "a", 5), other) == ""


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "unexpected end"),
        ('{"op": "swap", "key": "k", "outcome": "ok"}', 'op "swap" is none of'),
        ('{"op": "put", "key": "k", "outcome": "ok"}', "put without a value"),
        ('{"op": "get", "key": "k", "outcome": "fine"}', 'outcome "fine" is none of'),
        ('{"op": "get", "key": "k", "outcome": "ok", "call": 2, "return": 1}', "before its call"),
    ],
)
def test_what_is_no_history_is_refused_by_line(tmp_path, line, reason):
    (tmp_path / "history").write_text(line + "\n")
    said = violation(tmp_path / "history")
    assert "line 1" in said
    assert reason in said


def test_the_longest_gap_counts_both_edges():
    history = History(operations=[put(1, 3_000_000_000, "a", 5)])
    assert history.longest_gap(1_000_000_000, 8_000_000_000) == 5.0
