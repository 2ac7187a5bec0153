"""What is remembered of a region beside its bytes, so that an unchanged one needn't be built again."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charts_py.contract.manifest import ObjectId
from charts_py.tree.finding import Finding


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a region holds and what the checks found in it."""

    held: str
    """Its objects as `spell_objects` gives them: the names of 100 regions are only read where Argo CD has to
    be told of a change in one of them."""
    findings: tuple[Finding, ...] = ()
    """Before waivers: a waiver that ends must bring them back without a rebuild."""


def spell_objects(objects: Mapping[str, Sequence[ObjectId]]) -> str:
    """Objects by part as one line of JSON; the same objects in the same order give the same line."""
    parts = {part: [dataclasses.astuple(identity) for identity in held] for part, held in objects.items()}
    return json.dumps(parts, separators=(",", ":"))


def read_objects(held: str) -> dict[str, tuple[ObjectId, ...]]:
    """The inverse of `spell_objects`."""
    return {part: tuple(map(_identity, entries)) for part, entries in json.loads(held).items()}


class FactsCache:
    """Facts by unit, in a folder. A damaged, foreign or missing entry is no entry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, unit: str, digest: str) -> Facts | None:
        """The facts of `unit`, if they were remembered for the same digest of its input."""
        try:
            seal, _, content = self._file(unit).read_bytes().partition(b"\n")
            if seal != _seal(content):
                return None
            known, findings, held = content.decode().split("\n")
        except (OSError, ValueError):
            return None
        # What bears our seal is as we wrote it; another generator's digest would not be the same.
        return Facts(held=held, findings=_read_findings(findings)) if known == digest else None

    def remember(self, unit: str, digest: str, facts: Facts) -> None:
        """Replace what was known of `unit`. A folder that can't be written to only costs time later."""
        content = f"{digest}\n{_spell_findings(facts.findings)}\n{facts.held}".encode()
        file = self._file(unit)
        fresh = file.with_suffix(".new")
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(_seal(content) + b"\n" + content)
            fresh.replace(file)

    def _file(self, unit: str) -> Path:
        return self._folder / f"{unit.replace('/', '_')}.facts"


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _spell_findings(findings: Sequence[Finding]) -> str:
    entries = [{**vars(finding), "object": dataclasses.astuple(finding.object)} for finding in findings]
    return json.dumps(entries, separators=(",", ":"))


def _read_findings(text: str) -> tuple[Finding, ...]:
    entries: list[dict[str, Any]] = json.loads(text)
    return tuple(Finding(**{**entry, "object": _identity(entry["object"])}) for entry in entries)


def _identity(entry: Sequence[str]) -> ObjectId:
    group, kind, namespace, name = entry
    return ObjectId(group=group, kind=kind, namespace=namespace, name=name)
