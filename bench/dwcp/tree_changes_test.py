import os
from pathlib import Path

from bench.dwcp.tree_changes import commands


def _trees(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old", tmp_path / "new"
    for tree in (old, new):
        (tree / "etc").mkdir(parents=True)
        (tree / "etc/same").write_text("same")
        os.utime(tree / "etc/same", (1, 1))
    return old, new


def test_what_stays_is_not_touched(tmp_path: Path) -> None:
    found = list(commands(*_trees(tmp_path)))

    assert found == ['cd "/"', 'cd "/etc"']


def test_new_changed_and_removed_files_are_written_in_their_folders(tmp_path: Path) -> None:
    old, new = _trees(tmp_path)
    (old / "etc/gone").write_text("x")
    (old / "etc/other").write_text("old")
    (new / "etc/other").write_text("newer")
    (new / "etc/link").symlink_to("same")
    (new / "opt").mkdir()
    (new / "opt/added").write_text("y")

    found = list(commands(old, new))

    assert found == [
        'cd "/"',
        'mkdir "opt"',
        'cd "/etc"',
        'rm "gone"',
        'rm "other"',
        'symlink "link" "same"',
        f'write "{new}/etc/other" "other"',
        'cd "/opt"',
        f'write "{new}/opt/added" "added"',
    ]


def test_a_link_that_points_elsewhere_is_made_anew(tmp_path: Path) -> None:
    old, new = _trees(tmp_path)
    (old / "link").symlink_to("a")
    (new / "link").symlink_to("b")

    assert list(commands(old, new))[1:3] == ['rm "link"', 'symlink "link" "b"']


def test_a_name_that_debugfs_cannot_spell_is_left_out(tmp_path: Path) -> None:
    old, new = _trees(tmp_path)
    (new / 'a"b').write_text("x")
    (new / "a\nrm b").write_text("x")

    assert list(commands(old, new)) == ['cd "/"', 'cd "/etc"']
