from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus.snapshot_files import KEPT_COUNT, KEPT_SECONDS, StoredSnapshot, expired, stored
from dwcp_runtime.consensus.status_document import SnapshotStatus


def snapshot(taken_at, folder=Path("/none")):
    name = f"lab-0-{taken_at}.db"
    status = SnapshotStatus(name=name, taken_at=taken_at, revision=1, size_bytes=1, sha256="00")
    return StoredSnapshot(status=status, path=folder / name, epoch=1, member="lab-0")


@given(st.lists(st.integers(0, 2 * KEPT_SECONDS), min_size=1, max_size=60, unique=True))
def test_what_is_left_is_never_too_many_nor_too_old_and_always_has_the_newest(times):
    now = 2 * KEPT_SECONDS
    gone = {each.status.taken_at for each in expired(map(snapshot, times), now=now)}
    left = sorted(set(times) - gone)
    assert left[-1] == max(times)
    assert len(left) <= KEPT_COUNT
    assert all(now - each <= KEPT_SECONDS for each in left[:-1])
    if gone:
        assert max(gone) < min(left)


def test_only_finished_snapshots_count_oldest_first(tmp_path):
    for taken_at in (3, 1, 2):
        each = snapshot(taken_at, tmp_path)
        each.path.write_bytes(b"x")
        if taken_at != 2:
            each.write()
    (tmp_path / "other.json").write_text("{")
    snapshot(4, tmp_path).write()
    assert [each.status.taken_at for each in stored(tmp_path)] == [1, 3]
    assert stored(tmp_path / "none") == ()
