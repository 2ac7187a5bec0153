import os
from pathlib import Path

import pytest

from charts_py.tree.ownership_index import INDEX_NAME
from charts_py.tree.unit_scan import TEMPORARY_PREFIX, UnitError, find_units, scan_unit


def test_a_unit_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    scan = scan_unit(tmp_path, "generated/staging/eu")

    assert (scan.files, scan.folders, scan.others, scan.temporary) == ({}, frozenset(), {}, ())


def test_files_folders_links_and_temporary_files_are_told_apart(tmp_path: Path) -> None:
    unit = tmp_path / "argocd"
    (unit / "core").mkdir(parents=True)
    (unit / "core" / "a.yaml").touch()
    (unit / "core" / f"{TEMPORARY_PREFIX}3").touch()
    (unit / "link").symlink_to("core")
    os.mkfifo(unit / "pipe")

    scan = scan_unit(tmp_path, "argocd")

    assert list(scan.files) == ["core/a.yaml"]
    assert scan.folders == {"", "core"}
    assert scan.others == {"link": "a symbolic link", "pipe": "a special file"}
    assert scan.temporary == (f"core/{TEMPORARY_PREFIX}3",)


def test_a_link_above_the_unit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "staging").mkdir(parents=True)
    (tmp_path / "generated").symlink_to("elsewhere")

    with pytest.raises(UnitError, match="generated: is a symbolic link where"):
        scan_unit(tmp_path, "generated/staging")


def test_a_file_in_place_of_the_unit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "argocd").touch()

    with pytest.raises(UnitError, match="argocd: is a file"):
        scan_unit(tmp_path, "argocd")


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "argocd").mkdir(parents=True)
    (tmp_path / "real" / "argocd" / "a.yaml").touch()
    (tmp_path / "root").symlink_to("real")

    assert list(scan_unit(tmp_path / "root", "argocd").files) == ["a.yaml"]


def test_units_are_found_by_an_index_or_by_what_a_killed_run_left(tmp_path: Path) -> None:
    (tmp_path / "generated/staging/ap/core").mkdir(parents=True)
    for region, name in [("eu", INDEX_NAME), ("us", f"{TEMPORARY_PREFIX}0"), ("notes", "readme.md")]:
        (tmp_path / "generated" / "staging" / region).mkdir(parents=True)
        (tmp_path / "generated" / "staging" / region / name).touch()

    assert find_units(tmp_path, "generated/staging") == tuple(
        f"generated/staging/{r}" for r in ("ap", "eu", "us")
    )
    assert find_units(tmp_path, "generated/production") == ()
