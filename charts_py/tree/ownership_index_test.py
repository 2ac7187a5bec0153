from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree.ownership_index import UntrustedIndexError, format_index, is_path, parse_index

_paths = st.from_regex(r"[a-z0-9%_-]{1,6}(/[A-Za-z0-9%_.-]{1,9}){0,2}", fullmatch=True).filter(is_path)


@given(st.sets(_paths))
def test_an_index_says_what_was_put_into_it(paths: Any) -> None:
    assert parse_index(format_index(paths), "index") == paths


@given(st.lists(_paths))
def test_the_bytes_depend_on_the_set_of_paths_alone(paths: Any) -> None:
    assert format_index(paths) == format_index(reversed(paths * 2))


@given(st.sets(_paths), st.sets(_paths))
def test_a_union_merge_of_two_branches_owns_the_files_of_both(ours: set[str], theirs: set[str]) -> None:
    assert parse_index(format_index(ours) + format_index(theirs), "index") == ours | theirs


@given(st.binary(max_size=40))
def test_any_bytes_give_paths_inside_the_unit_or_an_error(content: bytes) -> None:
    try:
        paths = parse_index(content, "index")
    except UntrustedIndexError:
        return
    assert all(map(is_path, paths))


@pytest.mark.parametrize(
    "line",
    ["../x", "/etc/passwd", "a/../../x", "a//b", "./a", ".git/config", "a/.novacron-index", "a\\b", "a b"],
)
def test_a_path_that_leaves_the_unit_or_is_hidden_is_refused(line: str) -> None:
    with pytest.raises(UntrustedIndexError, match=r"^argocd/index:2: .*no path of a published file"):
        parse_index(f"# header\n{line}\n".encode(), "argocd/index")


def test_a_path_that_could_not_be_read_back_is_not_written() -> None:
    with pytest.raises(ValueError, match="no relative path"):
        format_index(["a\nb"])


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> branch", "||||||| base"])
def test_a_merge_conflict_is_named_as_such(marker: str) -> None:
    with pytest.raises(UntrustedIndexError, match="merge conflict"):
        parse_index(f"a.yaml\n{marker}\n".encode(), "index")
