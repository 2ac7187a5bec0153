from pathlib import Path

import pytest

from charts_py.contract.manifest import ObjectId
from charts_py.synth.facts import Facts, FactsCache, read_objects, spell_objects
from charts_py.tree.finding import Finding

_UNIT = "generated/staging/eu.west"
_NAMED = ObjectId(group="apps", kind="Deployment", namespace="novacron", name="novacron-api\u2028é")
_OBJECTS = {"core": (_NAMED, ObjectId(group="", kind="Namespace", namespace="", name="x"))}
_FACTS = Facts(
    held=spell_objects(_OBJECTS),
    findings=(
        Finding(rule="schema", cluster="staging/eu", object=_NAMED, field="spec", message="no\nsuch field"),
    ),
)


@pytest.fixture
def cache(tmp_path: Path) -> FactsCache:
    cache = FactsCache(tmp_path / "facts")
    cache.remember(_UNIT, "digest", _FACTS)
    return cache


def test_objects_are_read_as_they_were_spelled() -> None:
    assert read_objects(_FACTS.held) == _OBJECTS


def test_what_was_remembered_is_recalled_for_the_same_input_only(cache: FactsCache) -> None:
    assert cache.recall(_UNIT, "digest") == _FACTS
    assert cache.recall(_UNIT, "another digest") is None
    assert cache.recall("generated/staging/eu", "digest") is None


def test_no_damage_is_taken_for_facts(cache: FactsCache, tmp_path: Path) -> None:
    (file,) = (tmp_path / "facts").iterdir()
    whole = file.read_bytes()
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]

    for content in (*damaged, whole + b" ", whole.replace(b"Namespace", b"Nodespace")):
        file.write_bytes(content)
        assert cache.recall(_UNIT, "digest") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "facts").touch()

    FactsCache(tmp_path / "facts").remember(_UNIT, "digest", _FACTS)
