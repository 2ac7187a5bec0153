import os
import random
import resource
import select
import signal
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from charts_py.tree import publish
from charts_py.tree.ownership_index import INDEX_NAME
from charts_py.tree.publish_plan import PublishError
from charts_py.tree.unit_scan import TEMPORARY_PREFIX, find_units

Wish = Mapping[str, Mapping[str, bytes]]
"""Unit -> path in it -> content."""

_REGION = "generated/production"
_OLD: Wish = {
    f"{_REGION}/us": {"core/a.yaml": b"old a", "core/b.yaml": b"old b", "dwcp/c.yaml": b"c"},
    f"{_REGION}/eu": {"core/a.yaml": b"old a"},
    "argocd": {"novacron-core.yaml": b"old"},
}
_NEW: Wish = {
    f"{_REGION}/us": {"core/a.yaml": b"new a, longer", "dwcp/c.yaml": b"c", "monitoring/d.yaml": b"new d"},
    f"{_REGION}/ap": {"core/a.yaml": b"new a"},
    "argocd": {"novacron-core.yaml": b"new"},
}
_FOREIGN = {
    f"{_REGION}/us/core/notes.md": b"mine",
    f"{_REGION}/eu/kept/notes.md": b"mine too",
    f"{_REGION}/README.md": b"about regions",
    "argocd/own.yaml": b"kind: Mine",
}


def _files(wish: Wish) -> dict[str, bytes]:
    return {f"{unit}/{path}": content for unit, desired in wish.items() for path, content in desired.items()}


def _publish(root: Path, wish: Wish) -> None:
    units: Wish = {**{unit: {} for unit in find_units(root, _REGION)}, **wish}
    publish.apply(root, [publish.plan(root, unit, desired) for unit, desired in units.items()])


def _tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _folders(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir()}


def _with_foreign_files(root: Path) -> Path:
    for path, content in _FOREIGN.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def _clean_publish(root: Path, wish: Wish) -> tuple[dict[str, bytes], set[str]]:
    root.mkdir()
    _publish(_with_foreign_files(root), wish)
    return _tree(root), _folders(root)


def test_what_is_published_is_exactly_what_was_wanted(tmp_path: Path) -> None:
    _publish(tmp_path, _NEW)

    tree = _tree(tmp_path)
    assert {path: content for path, content in tree.items() if not path.endswith(INDEX_NAME)} == _files(_NEW)


def test_publishing_over_another_state_equals_publishing_from_nothing(tmp_path: Path) -> None:
    (root := tmp_path / "root").mkdir()
    _publish(_with_foreign_files(root), _OLD)

    _publish(root, _NEW)

    assert (_tree(root), _folders(root)) == _clean_publish(tmp_path / "clean", _NEW)


def test_publishing_again_writes_nothing(tmp_path: Path) -> None:
    _publish(tmp_path, _OLD)
    before = {path: (path.stat().st_ino, path.stat().st_ctime_ns) for path in tmp_path.rglob("*")}

    _publish(tmp_path, _OLD)

    assert {path: (path.stat().st_ino, path.stat().st_ctime_ns) for path in tmp_path.rglob("*")} == before


def test_a_removed_region_leaves_only_what_is_not_ours(tmp_path: Path) -> None:
    _publish(_with_foreign_files(tmp_path), _OLD)

    _publish(tmp_path, {unit: {} for unit in _OLD})

    assert _tree(tmp_path) == _FOREIGN


def test_an_emptied_tree_leaves_no_folder(tmp_path: Path) -> None:
    _publish(tmp_path, _OLD)

    _publish(tmp_path, {unit: {} for unit in _OLD})

    assert list(tmp_path.iterdir()) == []


def test_a_file_edited_by_hand_is_put_right(tmp_path: Path) -> None:
    _publish(tmp_path, _OLD)
    edited = tmp_path / "argocd/novacron-core.yaml"
    edited.write_bytes(b"olD")

    plan = publish.plan(tmp_path, "argocd", _OLD["argocd"])
    publish.apply(tmp_path, [plan])

    assert [difference.kind for difference in plan.differences] == ["changed"]
    assert edited.read_bytes() == b"old"


def test_a_file_made_executable_is_put_right(tmp_path: Path) -> None:
    _publish(tmp_path, _OLD)
    edited = tmp_path / "argocd/novacron-core.yaml"
    edited.chmod(0o755)

    _publish(tmp_path, _OLD)

    assert stat.S_IMODE(edited.stat().st_mode) == 0o644


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        _publish(tmp_path, _OLD)
    finally:
        os.umask(before)

    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {True: 0o755, False: 0o644}


def test_a_read_only_file_of_ours_is_replaced(tmp_path: Path) -> None:
    _publish(tmp_path, _OLD)
    (tmp_path / "argocd/novacron-core.yaml").chmod(0o444)

    _publish(tmp_path, _NEW)

    assert (tmp_path / "argocd/novacron-core.yaml").read_bytes() == b"new"


def test_a_full_disk_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    _publish(_with_foreign_files(tmp_path), _OLD)
    before = _tree(tmp_path), _folders(tmp_path)
    wish = {**_NEW, "argocd": {"novacron-core.yaml": b"x" * 5000}}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(PublishError, match=r"novacron-core\.yaml: .*; nothing was published; "):
            _publish(tmp_path, wish)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert (_tree(tmp_path), _folders(tmp_path)) == before


def test_an_obstacle_in_one_unit_leaves_all_units_as_they_were(tmp_path: Path) -> None:
    _publish(tmp_path, _OLD)
    (tmp_path / "argocd/novacron-core.yaml").unlink()
    (tmp_path / "argocd/novacron-core.yaml").symlink_to("/etc/hostname")
    before = _tree(tmp_path)

    with pytest.raises(PublishError, match="symbolic link"):
        _publish(tmp_path, _NEW)

    assert _tree(tmp_path) == before


def test_an_interrupt_before_the_first_rename_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(tmp_path, _OLD)
    before = _tree(tmp_path), _folders(tmp_path)
    calls = []

    def interrupted(descriptor: int, mode: int) -> None:
        calls.append(mode)
        if len(calls) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fchmod", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _publish(tmp_path, _NEW)

    assert (_tree(tmp_path), _folders(tmp_path)) == before


def _assert_nothing_is_half_done(root: Path) -> None:
    """Every file is the old or the new one, in whole; every foreign file is as it was."""
    tree = _tree(root)
    assert {path: tree.get(path) for path in _FOREIGN} == _FOREIGN
    old, new = _files(_OLD), _files(_NEW)
    for path, content in tree.items():
        name = path.rpartition("/")[2]
        if path not in _FOREIGN and name != INDEX_NAME and not name.startswith(TEMPORARY_PREFIX):
            assert content in (old.get(path), new.get(path)), path
    assert tree.keys() >= old.keys() & new.keys()


def _in_child(task: Callable[[], None]) -> int:
    """Start `task` in a process of its own and return its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        task()
    finally:
        os._exit(0)


def _kill_self_at_step(number: int) -> None:
    """Arrange for `kill -9` just before the `number`-th change to the file system (0: the first)."""
    left = number

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod")
        if changes or (event == "open" and arguments[1] in ("xb", "wb")):
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(count)


def test_a_run_killed_before_any_of_its_steps_is_finished_by_the_next_one(
    tmp_path: Path,
) -> None:
    clean = {id(wish): _clean_publish(tmp_path / f"clean{n}", wish) for n, wish in enumerate((_OLD, _NEW))}
    (root := tmp_path / "root").mkdir()
    _publish(_with_foreign_files(root), _OLD)
    steps = 0
    killed = True
    while killed:
        # A second run dies in the mess of the first, on its way to the other state; the third one finishes.
        for wish, step in ((_NEW, steps), (_OLD, steps * 7 % 30)):

            def run(wish: Wish = wish, step: int = step) -> None:
                _kill_self_at_step(step)
                _publish(root, wish)

            _, status = os.waitpid(_in_child(run), 0)
            _assert_nothing_is_half_done(root)
            if wish is _NEW:
                killed = os.WIFSIGNALED(status)
        final = (_OLD, _NEW)[steps % 2]
        _publish(root, final)
        assert (_tree(root), _folders(root)) == clean[id(final)]
        _publish(root, _OLD)
        steps += 1

    assert steps > 30


def test_a_process_killed_100_times_at_random_moments_never_breaks_the_tree(tmp_path: Path) -> None:
    clean = _clean_publish(tmp_path / "clean", _NEW)
    (root := tmp_path / "root").mkdir()
    _publish(_with_foreign_files(root), _OLD)
    moments = random.Random(1)
    killed = 0
    while killed < 100:
        alive, beat = os.pipe()

        def run(wish: Wish = (_NEW, _OLD)[killed % 2], beat: int = beat) -> None:
            os.write(beat, b"!")
            for _ in range(3):
                _publish(root, wish)
                wish = _OLD if wish is _NEW else _NEW

        child = _in_child(run)
        os.close(beat)
        os.read(alive, 1)
        # Readable once more when the child has ended by itself and so closed its end.
        select.select([alive], [], [], moments.uniform(0, 0.008))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(alive)
        killed += os.WIFSIGNALED(status)
        _assert_nothing_is_half_done(root)

    _publish(root, _NEW)
    assert (_tree(root), _folders(root)) == clean
