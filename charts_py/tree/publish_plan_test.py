from typing import Any

import pytest

from charts_py.tree.ownership_index import INDEX_NAME, UntrustedIndexError, format_index
from charts_py.tree.publish_plan import Difference, PublishError, UnitState, plan_unit


def _state(contents: dict[str, bytes | None], listed: list[str] | None = None, **more: Any) -> UnitState:
    index = None if listed is None else format_index(listed)
    folders = frozenset(path.rpartition("/")[0] for path in contents if "/" in path)
    return UnitState(unit="argocd", contents=contents, index=index, **{"folders": folders, **more})


def test_a_unit_that_is_as_it_should_be_needs_nothing() -> None:
    plan = plan_unit(_state({"c/a.yaml": b"a"}, ["c/a.yaml"]), {"c/a.yaml": b"a"})

    assert plan.is_noop
    assert plan.differences == ()
    assert plan.keep == ("c/a.yaml",)


def test_only_listed_files_are_deleted_and_foreign_ones_are_reported() -> None:
    plan = plan_unit(_state({"old.yaml": None, "notes.md": None}, ["old.yaml"]), {"new.yaml": b"n"})

    assert plan.delete == ("old.yaml",)
    assert plan.foreign == ("notes.md",)
    assert plan.create == {"new.yaml": b"n"}


def test_the_index_lists_a_new_file_before_it_exists_and_an_old_one_until_it_is_gone() -> None:
    plan = plan_unit(_state({"old.yaml": None}, ["old.yaml"]), {"new.yaml": b"n"})

    assert plan.index_meanwhile == format_index(["new.yaml", "old.yaml"])
    assert plan.index_after == format_index(["new.yaml"])


def test_a_changed_value_does_not_touch_the_index() -> None:
    plan = plan_unit(_state({"a.yaml": b"old"}, ["a.yaml"]), {"a.yaml": b"new"})

    assert plan.update == {"a.yaml": b"new"}
    assert plan.index_meanwhile is None
    assert plan.index_after == plan.index_now


def test_a_right_file_that_no_index_lists_is_adopted() -> None:
    plan = plan_unit(_state({"a.yaml": b"a"}, None), {"a.yaml": b"a"})

    assert plan.keep == ("a.yaml",)
    assert plan.index_after == format_index(["a.yaml"])
    assert plan.differences == (Difference(path=f"argocd/{INDEX_NAME}", kind="missing"),)


def test_a_unit_that_is_to_vanish_keeps_its_foreign_files() -> None:
    state = _state({"c/a.yaml": None, "d/notes.md": None}, ["c/a.yaml"])

    plan = plan_unit(state, {})

    assert plan.delete == ("c/a.yaml",)
    assert plan.foreign == ("d/notes.md",)
    assert plan.empty_folders == ("c",)
    assert plan.index_after is None


def test_every_path_that_is_not_what_the_fleet_says_is_a_difference() -> None:
    state = _state(
        {"changed.yaml": b"x", "run.yaml": None, "old.yaml": None}, ["changed.yaml", "run.yaml", "old.yaml"]
    )

    plan = plan_unit(state, {"changed.yaml": b"y", "run.yaml": b"r", "new.yaml": b"n"})

    assert [(difference.path, difference.kind) for difference in plan.differences] == [
        (f"argocd/{INDEX_NAME}", "changed"),
        ("argocd/changed.yaml", "changed"),
        ("argocd/new.yaml", "missing"),
        ("argocd/old.yaml", "left-over"),
        ("argocd/run.yaml", "changed"),
    ]


def test_all_obstacles_are_named_at_once() -> None:
    state = _state(
        {"foreign.yaml": b"theirs", "file": None},
        [],
        folders=frozenset({"folder.yaml"}),
        others={"link.yaml": "a symbolic link", "up": "a symbolic link"},
    )
    desired = dict.fromkeys(["foreign.yaml", "file/a.yaml", "folder.yaml", "link.yaml", "up/a.yaml"], b"ours")

    with pytest.raises(PublishError) as caught:
        plan_unit(state, desired)

    assert [line.split(";")[0] for line in str(caught.value).splitlines()] == [
        "argocd/file: is a file where the published tree needs a folder",
        "argocd/folder.yaml: is a folder where a published file belongs",
        "argocd/foreign.yaml: is not ours (no index lists it), and the fleet wants another content there",
        "argocd/link.yaml: is a symbolic link where a published file belongs",
        "argocd/up: is a symbolic link where the published tree needs a folder",
    ]


def test_a_link_in_place_of_the_index_is_an_obstacle() -> None:
    with pytest.raises(PublishError, match=INDEX_NAME):
        plan_unit(_state({}, None, others={INDEX_NAME: "a symbolic link"}), {})


def test_an_index_that_cannot_be_trusted_stops_everything() -> None:
    state = UnitState(unit="argocd", contents={}, index=b"../../etc/passwd\n")

    with pytest.raises(UntrustedIndexError, match=rf"^argocd/{INDEX_NAME}:1: "):
        plan_unit(state, {})


@pytest.mark.parametrize("path", ["../a.yaml", ".hidden", "", "/a.yaml", INDEX_NAME])
def test_a_path_outside_the_unit_cannot_be_asked_for(path: str) -> None:
    with pytest.raises(ValueError, match="no path that a published file may have"):
        plan_unit(_state({}), {path: b""})
