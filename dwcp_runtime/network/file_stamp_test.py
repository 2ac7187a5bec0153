import os
from pathlib import Path

from dwcp_runtime.network.file_stamp import stamp


def test_another_file_of_the_same_size_and_time_is_a_change(tmp_path: Path):
    path, other = tmp_path / "a", tmp_path / "b"
    for each in (path, other):
        each.write_text("same")
        os.utime(each, ns=(1, 1))
    before = stamp([path])
    assert stamp([path]) == before
    other.rename(path)
    assert stamp([path]) != before


def test_a_missing_file_and_an_impossible_name_have_a_stamp_too(tmp_path: Path):
    assert stamp([tmp_path / "none", Path("a\0b")]) == (None, None)
