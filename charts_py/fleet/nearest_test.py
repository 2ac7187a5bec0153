import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.fleet.nearest import nearest

KEYS = ("minReplicas", "maxReplicas", "resources", "host", "spot")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("minReplcas", "minReplicas"),
        ("minreplicas", "minReplicas"),
        ("hots", "host"),
        ("ressources", "resources"),
        ("spt", "spot"),
        ("x", None),
        ("replicas", None),
        ("", None),
        ("h" * 1000, None),
    ],
)
def test_a_misspelt_word_finds_the_one_meant_and_a_foreign_word_finds_none(
    word: str, meant: str | None
) -> None:
    assert nearest(word, KEYS) == meant


@given(st.sampled_from(KEYS), st.data())
def test_two_neighbouring_letters_swapped_still_find_the_word(key: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(key) - 2))
    assert nearest(key[:at] + key[at + 1] + key[at] + key[at + 2 :], KEYS) == key


def test_the_closest_of_several_wins() -> None:
    assert nearest("maxReplicaz", KEYS) == "maxReplicas"
