"""What is remembered of a region beside its bytes, so that an unchanged one needn't be built again."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charts_py.contract.manifest import ObjectId
from charts_py.tree.finding import Finding


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a region holds and what the checks found in it."""

    objects: Mapping[str, tuple[ObjectId, ...]]
    """By part."""
    findings: tuple[Finding, ...] = ()
    """Before waivers: a waiver that ends must bring them back without a rebuild."""

    @property
    def count(self) -> int:
        """Objects of all parts."""
        return sum(len(objects) for objects in self.objects.values())


class FactsCache:
    """Facts by unit, in a folder. A damaged, foreign or missing entry is no entry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, unit: str, digest: str) -> Facts | None:
        """The facts of `unit`, if they were remembered for the same digest of its input."""
        try:
            data = json.loads(self._file(unit).read_bytes())
            return _facts(data) if data["digest"] == digest else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def remember(self, unit: str, digest: str, facts: Facts) -> None:
        """Replace what was known of `unit`. A folder that can't be written to only costs time later."""
        data = {
            "digest": digest,
            "objects": {
                part: [dataclasses.astuple(identity) for identity in objects]
                for part, objects in facts.objects.items()
            },
            "findings": [_finding_data(finding) for finding in facts.findings],
        }
        file = self._file(unit)
        fresh = file.with_suffix(".new")
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(data, separators=(",", ":")))
            fresh.replace(file)

    def _file(self, unit: str) -> Path:
        return self._folder / f"{unit.replace('/', '_')}.json"


def _facts(data: Mapping[str, Any]) -> Facts:
    return Facts(
        objects={
            part: tuple(_identity(entry) for entry in entries) for part, entries in data["objects"].items()
        },
        findings=tuple(
            Finding(**{**entry, "object": _identity(entry["object"])}) for entry in data["findings"]
        ),
    )


def _identity(entry: list[str]) -> ObjectId:
    group, kind, namespace, name = entry
    return ObjectId(group=group, kind=kind, namespace=namespace, name=name)


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {
        field.name: getattr(finding, field.name)
        if field.name != "object"
        else dataclasses.astuple(finding.object)
        for field in dataclasses.fields(finding)
    }
