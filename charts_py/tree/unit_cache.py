"""Proof, by stat alone, that a published unit still is what its input gives.

For each unit the cache holds the digest of the input and, for every file, the hash of its content and the
stat signature under which that content was last seen. If the input is the same and every signature still
fits, nothing needs to be generated or read. A signature that no longer fits (a checkout, a touch) costs a
read and, if the content is right, is renewed.

The trap is a file that changes again within the tick of the clock in which it was seen: size and times would
stay the same. So, as Git does, a signature is kept only if it is older than the look at it, by the file
system's own clock; younger files are compared by content next time.

A cache is a hint: damaged, foreign or missing, it is empty.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charts_py.tree.ownership_index import INDEX_NAME
from charts_py.tree.publish import read_published
from charts_py.tree.publish_plan import Plan
from charts_py.tree.unit_scan import UnitScan, scan_unit

_FORMAT = 2
_RUNS_KEPT = 8
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True)
class CleanUnit:
    """A unit that is as its input wants it."""

    files: int
    """Published files, the index not counted."""
    foreign: tuple[str, ...]
    """What lies there without being ours, relative to the unit, sorted."""


@dataclass(frozen=True, kw_only=True)
class _Record:
    input_digest: str
    hashes: dict[str, str]
    """Of the content of every file."""
    signatures: dict[str, list[int]]
    """Size, mtime and ctime in ns, and inode, which stand for the content; for the files whose stat is old
    enough for that."""


class UnitCache:
    """The cache in `folder` (`.novacron/cache`) about the tree under `root`. Use it under the run lock.

    It never raises for its own sake: what it can't read it doesn't know, what it can't write it forgets.
    """

    def __init__(self, *, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._boot = _boot_id()

    def verify(self, unit: str, input_digest: str) -> CleanUnit | None:
        """The unit's report if the published files are what `input_digest` gave; None if that isn't known.

        Raises UnitError as `scan_unit` does. Reads only files whose stat changed since they were last seen.
        """
        record = self._load(unit)
        if record is None or record.input_digest != input_digest:
            return None
        scan = scan_unit(self._root, unit)
        if scan.temporary or not record.hashes.keys() <= scan.files.keys():
            return None
        seen, known = scan.files, record.signatures
        doubtful = {path for path in record.hashes if known.get(path) != _signature(seen[path])}
        if doubtful:
            # Seen anew after the tick is taken, so that what is read is not younger than its signature.
            tick = self._tick()
            scan = scan_unit(self._root, unit)
            renewed = self._look(unit, {path: record.hashes[path] for path in doubtful}, scan, tick)
            if renewed is None or not record.hashes.keys() <= scan.files.keys():
                return None
            certain = {path: signature for path, signature in known.items() if path not in doubtful}
            self._store(unit, dataclasses.replace(record, signatures=certain | renewed))
        foreign = (scan.files.keys() - record.hashes.keys()) | scan.others.keys()
        return CleanUnit(files=len(record.hashes) - 1, foreign=tuple(sorted(foreign)))

    def record(self, units: Mapping[str, tuple[str, Plan]]) -> None:
        """Remember units (unit -> input digest and plan) whose plans have been carried out.

        Call it once, after all of them: the longer ago a file was written, the surer is its signature.
        Contents are read back, so that an edit made in between is not taken for ours.
        """
        tick = self._tick()
        for unit, (input_digest, plan) in units.items():
            if plan.index_after is None:
                self._forget(unit)
                continue
            expected = {path: _sha256(content) for path, content in plan.desired.items()}
            expected[INDEX_NAME] = _sha256(plan.index_after)
            signatures = self._look(unit, expected, scan_unit(self._root, unit), tick)
            if signatures is None:
                self._forget(unit)
            else:
                record = _Record(input_digest=input_digest, hashes=expected, signatures=signatures)
                self._store(unit, record)

    def recall_run(self, run_digest: str) -> dict[str, str] | None:
        """What `remember_run` was given for the same digest; None if it is not known."""
        content = self._read(f"runs/{run_digest}.json")
        digests = content.get("units") if content else None
        if not isinstance(digests, dict) or not all(isinstance(digest, str) for digest in digests.values()):
            return None
        return digests

    def remember_run(self, run_digest: str, input_digests: Mapping[str, str]) -> None:
        """Remember the units of a successful run and their input digests under the digest of all its inputs.

        With it an unchanged fleet file needs no parsing: its hash gives the units to verify.
        """
        runs = self._folder / "runs"
        with contextlib.suppress(OSError):
            for name in sorted(runs.iterdir(), key=lambda run: run.stat().st_mtime_ns)[: -_RUNS_KEPT + 1]:
                name.unlink()
        self._write(f"runs/{run_digest}.json", {"units": dict(input_digests)})

    def _look(
        self, unit: str, expected: Mapping[str, str], scan: UnitScan, tick: _Tick
    ) -> dict[str, list[int]] | None:
        """The signatures that may be kept for `expected` (path -> hash) if all contents are right."""
        signatures = {}
        for path, sha256 in expected.items():
            seen = scan.files.get(path)
            try:
                content = read_published(self._root / unit / path, seen) if seen else None
            except OSError:
                return None
            if content is None or seen is None or _sha256(content) != sha256:
                return None
            if tick.is_after(seen):
                signatures[path] = _signature(seen)
        return signatures

    def _tick(self) -> _Tick:
        """The file system's present time, which may differ from the machine's and is coarser."""
        probe = self._folder / "clock"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe.unlink(missing_ok=True)
            probe.touch()
            seen = probe.stat()
        except OSError:
            return _Tick(device=-1, time_ns=0)
        return _Tick(device=seen.st_dev, time_ns=seen.st_mtime_ns)

    def _load(self, unit: str) -> _Record | None:
        content = self._read(f"units/{unit}.json")
        if content is None or content.get("unit") != unit:
            return None
        # After a reboot a stat may outlive the content that a power cut took.
        trusted = content.get("boot") == self._boot != ""
        input_digest, hashes, signatures = (content.get(key) for key in ("input", "hashes", "signatures"))
        if not isinstance(hashes, dict) or not isinstance(signatures, dict) or INDEX_NAME not in hashes:
            return None
        return _Record(
            input_digest=str(input_digest), hashes=hashes, signatures=signatures if trusted else {}
        )

    def _store(self, unit: str, record: _Record) -> None:
        content = {
            "unit": unit,
            "boot": self._boot,
            "input": record.input_digest,
            "hashes": record.hashes,
            "signatures": record.signatures,
        }
        self._write(f"units/{unit}.json", content)

    def _forget(self, unit: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / f"units/{unit}.json").unlink()

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            content = json.loads((self._folder / name).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) and content.get("format") == _FORMAT else None

    def _write(self, name: str, content: Mapping[str, object]) -> None:
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps({"format": _FORMAT, **content}, separators=(",", ":")))
            fresh.replace(path)
        except OSError:
            # An old record would only be checked in vain: its input or its signatures no longer fit.
            return


@dataclass(frozen=True, kw_only=True)
class _Tick:
    device: int
    time_ns: int

    def is_after(self, seen: os.stat_result) -> bool:
        """Whether a change from now on is bound to give the file another time."""
        return seen.st_dev == self.device and max(seen.st_mtime_ns, seen.st_ctime_ns) < self.time_ns


def _signature(seen: os.stat_result) -> list[int]:
    """A list, as JSON gives it back."""
    return [seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "no-boot-id"
