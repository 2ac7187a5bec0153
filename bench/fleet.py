"""Fleet files of any size, made from production's regions."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import yaml


def write_fleet(production: Path, regions: int | None, target: Path) -> None:
    """Write `production` to `target`: as it is, or with as many `regions`, which repeat its own in turn.

    Each repetition has names, hosts and buckets of its own.
    """
    if regions is None:
        target.write_bytes(production.read_bytes())
        return
    fleet = yaml.safe_load(production.read_text())
    fleet["regions"] = [
        _renamed(region, fleet["regions"], number)
        for number, region in zip(range(regions), itertools.cycle(fleet["regions"]))
    ]
    target.write_text(yaml.safe_dump(fleet, sort_keys=False))


def change_one_field(fleet: Path) -> None:
    """Another minimum of API replicas in the first region: one value of one region."""
    data = yaml.safe_load(fleet.read_text())
    api = data["regions"][0]["api"]
    api["minReplicas"] = api["minReplicas"] + 1 if api["minReplicas"] < 50 else 20
    fleet.write_text(yaml.safe_dump(data, sort_keys=False))


def _renamed(region: dict[str, Any], regions: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """`region` with the number in every name that one of `regions` has, so that none is used twice."""
    text = json.dumps(region)
    for other in regions:
        text = text.replace(other["name"], f"{other['name']}-{number}")
    renamed: dict[str, Any] = json.loads(text)
    return renamed
