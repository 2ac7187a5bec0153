import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from charts_py.tree import publish, unit_cache
from charts_py.tree.unit_cache import CleanUnit, UnitCache
from charts_py.tree.unit_scan import TEMPORARY_PREFIX

_UNIT = "generated/staging/eu"
_FILES = {"core/a.yaml": b"content a", "core/b.yaml": b"content b"}
_CLEAN = CleanUnit(files=2, foreign=())


class _Checkout:
    """A published unit with its cache, as a run leaves it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self.cache_folder = folder / "cache"
        self.published = self.root / _UNIT
        self.file = self.published / "core/a.yaml"
        self.publish(_FILES)

    @property
    def cache(self) -> UnitCache:
        """As a new process sees it."""
        return UnitCache(folder=self.cache_folder, root=self.root)

    def publish(self, files: Mapping[str, bytes], digest: str = "input") -> None:
        plan = publish.plan(self.root, _UNIT, files)
        publish.apply(self.root, [plan])
        self.cache.record({_UNIT: (digest, plan)})

    def verify(self, digest: str = "input") -> CleanUnit | None:
        return self.cache.verify(_UNIT, digest)

    def age(self) -> None:
        """Let the file system's clock move on, so that signatures are kept."""
        past = max(path.stat().st_ctime_ns for path in self.published.rglob("*"))
        probe = self.cache_folder / "probe"
        while True:
            probe.unlink(missing_ok=True)
            probe.touch()
            if probe.stat().st_mtime_ns > past:
                break
        assert self.verify() is not None


@pytest.fixture
def checkout(tmp_path: Path) -> _Checkout:
    return _Checkout(tmp_path)


def test_an_untouched_unit_is_clean(checkout: _Checkout) -> None:
    assert checkout.verify() == _CLEAN


def test_an_untouched_unit_is_proven_without_reading_its_files(
    checkout: _Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.age()
    monkeypatch.setattr(unit_cache, "read_published", lambda *_: pytest.fail("a file was read"))

    assert checkout.verify() == _CLEAN


def test_another_input_is_not_known(checkout: _Checkout) -> None:
    assert checkout.verify("another input") is None


def test_a_missing_file_is_noticed(checkout: _Checkout) -> None:
    checkout.file.unlink()

    assert checkout.verify() is None


def test_a_hand_edit_of_the_same_length_is_noticed(checkout: _Checkout) -> None:
    checkout.age()
    checkout.file.write_bytes(b"Content a")

    assert checkout.verify() is None


def test_a_hand_edit_that_restores_the_time_is_noticed(checkout: _Checkout) -> None:
    checkout.age()
    seen = checkout.file.stat()
    checkout.file.write_bytes(b"Content a")
    os.utime(checkout.file, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    assert checkout.verify() is None


def test_a_hand_edit_between_publishing_and_recording_is_noticed(checkout: _Checkout) -> None:
    plan = publish.plan(checkout.root, _UNIT, _FILES)
    checkout.file.write_bytes(b"Content a")
    checkout.cache.record({_UNIT: ("input", plan)})

    assert checkout.verify() is None


def test_a_hand_edit_within_the_same_tick_of_the_clock_is_noticed(
    checkout: _Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = checkout.file.stat()
    monkeypatch.setattr(
        unit_cache, "_signature", lambda seen: [seen.st_size, frozen.st_mtime_ns, 0, seen.st_ino]
    )
    monkeypatch.setattr(
        UnitCache, "_tick", lambda _: unit_cache._Tick(device=frozen.st_dev, time_ns=frozen.st_ctime_ns)
    )
    checkout.publish(_FILES)
    checkout.file.write_bytes(b"Content a")

    assert checkout.verify() is None


def test_a_broken_index_is_noticed(checkout: _Checkout) -> None:
    next(checkout.published.glob(".*index")).write_bytes(b"")

    assert checkout.verify() is None


def test_a_file_made_executable_is_noticed(checkout: _Checkout) -> None:
    checkout.age()
    checkout.file.chmod(0o755)

    assert checkout.verify() is None


def test_what_a_killed_run_left_is_noticed(checkout: _Checkout) -> None:
    (checkout.published / f"{TEMPORARY_PREFIX}0").touch()

    assert checkout.verify() is None


def test_a_checkout_of_the_same_content_stays_clean_and_is_read_once(
    checkout: _Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.file.unlink()
    checkout.file.write_bytes(_FILES["core/a.yaml"])
    assert checkout.verify() == _CLEAN

    checkout.age()
    monkeypatch.setattr(unit_cache, "read_published", lambda *_: pytest.fail("a file was read"))
    assert checkout.verify() == _CLEAN


def test_foreign_files_are_reported_and_do_no_harm(checkout: _Checkout) -> None:
    (checkout.published / "notes.md").touch()
    (checkout.published / "link").symlink_to("notes.md")

    assert checkout.verify() == CleanUnit(files=2, foreign=("link", "notes.md"))


def test_after_a_reboot_contents_count_and_not_signatures(
    checkout: _Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.age()
    monkeypatch.setattr(unit_cache, "_boot_id", lambda: "another boot")
    read: list[Path] = []

    def reading(path: Path, seen: os.stat_result) -> bytes | None:
        read.append(path)
        return publish.read_published(path, seen)

    monkeypatch.setattr(unit_cache, "read_published", reading)

    assert checkout.verify() == _CLEAN
    assert checkout.file in read


def test_a_vanished_unit_is_forgotten(checkout: _Checkout) -> None:
    checkout.publish({})

    assert checkout.verify() is None
    assert list(checkout.cache_folder.rglob("*.json")) == []


def test_a_damaged_cache_never_raises_and_never_hides_an_edit(checkout: _Checkout) -> None:
    checkout.age()
    record = next((checkout.cache_folder / "units").rglob("*.json"))
    whole = record.read_bytes()
    checkout.file.write_bytes(b"Content a")
    chance = random.Random(1)
    damaged = [whole[:length] for length in range(len(whole))]
    for _ in range(300):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] = chance.randrange(256)
        damaged.append(bytes(changed))
    damaged += [
        b"null",
        b"[]",
        b'{"format":2}',
        b'{"format":2,"unit":"generated/staging/eu","hashes":[],"signatures":{}}',
        b'{"format":2,"unit":"generated/staging/eu","hashes":{},"signatures":[]}',
        b"[" * 99999,
    ]

    for content in damaged:
        record.write_bytes(content)
        assert checkout.verify() is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()

    checkout = _Checkout(tmp_path)

    assert checkout.verify() is None


def test_a_run_is_recalled_by_its_digest(checkout: _Checkout) -> None:
    checkout.cache.remember_run("a" * 64, {_UNIT: "input"})

    assert checkout.cache.recall_run("a" * 64) == {_UNIT: "input"}
    assert checkout.cache.recall_run("b" * 64) is None


def test_only_a_few_runs_are_kept(checkout: _Checkout) -> None:
    for number in range(20):
        checkout.cache.remember_run(f"{number:064}", {})

    assert len(list((checkout.cache_folder / "runs").iterdir())) == 8
    assert checkout.cache.recall_run(f"{19:064}") == {}


def test_a_damaged_run_is_not_known(checkout: _Checkout) -> None:
    checkout.cache.remember_run("a" * 64, {_UNIT: "input"})
    (checkout.cache_folder / "runs" / f"{'a' * 64}.json").write_text('{"format":1,"units":{"x":[]}}')

    assert checkout.cache.recall_run("a" * 64) is None
