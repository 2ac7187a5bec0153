import os
from pathlib import Path

import pytest

from dwcp_runtime.network.data_folder import DataFolder
from dwcp_runtime.network.order import BadOrderError, Order


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    root = tmp_path / "data"
    (root / "vm").mkdir(parents=True)
    (root / "vm" / "disk.img").write_bytes(b"x")
    (root / ".dwcp").mkdir()
    (root / ".dwcp" / "1.part").write_bytes(b"x")
    (tmp_path / "data-other").mkdir()
    (tmp_path / "data-other" / "secret").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"x")
    return DataFolder(root=root)


def order(path: Path | str, baseline: Path | None = None) -> Order:
    return Order(path=Path(path), name="n", endpoint="a:1", names=frozenset(), baseline=baseline)


def refused(folder: DataFolder, path: Path | str) -> str:
    with pytest.raises(BadOrderError) as caught:
        folder.placed(order(path))
    assert str(folder.root) in caught.value.allowed
    return str(caught.value)


def test_files_below_the_folder_may_be_sent_by_relative_and_absolute_path(folder: DataFolder):
    disk = folder.root / "vm" / "disk.img"
    assert folder.placed(order("vm/disk.img")).path == disk
    assert folder.placed(order(disk, baseline=Path("vm/disk.img"))).baseline == disk


def test_a_link_inside_the_folder_is_judged_by_where_it_leads(folder: DataFolder):
    (folder.root / "in").symlink_to("vm/disk.img")
    (folder.root / "out").symlink_to(folder.root.parent / "secret")
    (folder.root / "folder-out").symlink_to(folder.root.parent)
    (folder.root / "loop").symlink_to("loop")
    assert folder.placed(order("in")).path == folder.root / "vm" / "disk.img"
    for path in ("out", "folder-out/secret", "loop"):
        refused(folder, path)


@pytest.mark.parametrize(
    "path", ["../secret", "vm/../../secret", "/etc/passwd", "../data-other/secret", "/proc/self/environ"]
)
def test_nothing_outside_may_be_sent(folder: DataFolder, path: str):
    assert "may not be sent" in refused(folder, path)


def test_what_is_there_outside_and_what_is_not_get_the_same_words(folder: DataFolder):
    assert refused(folder, "../secret").replace("secret", "") == refused(folder, "../absent").replace(
        "absent", ""
    )


def test_half_arrived_files_folders_pipes_and_missing_files_may_not_be_sent(folder: DataFolder):
    os.mkfifo(folder.root / "pipe")
    for path in (".dwcp/1.part", "vm", ".", "pipe", "absent", "a\0b"):
        refused(folder, path)


def test_the_baseline_is_held_to_the_same_folder(folder: DataFolder):
    with pytest.raises(BadOrderError, match="baseline"):
        folder.placed(order("vm/disk.img", baseline=Path("/etc/passwd")))


def test_a_folder_that_is_itself_behind_a_link_works(folder: DataFolder, tmp_path: Path):
    (tmp_path / "mount").symlink_to(folder.root)
    linked = DataFolder(root=tmp_path / "mount")
    assert (
        linked.placed(order(tmp_path / "mount" / "vm" / "disk.img")).path == folder.root / "vm" / "disk.img"
    )
