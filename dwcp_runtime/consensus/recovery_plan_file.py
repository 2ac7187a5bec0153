"""A recovery plan as a file: what a person reads and then has carried out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from dwcp_runtime.consensus.recovery import RecoveryPlan, Survivor


class BadPlanError(ValueError):
    """A file that is no plan. The text says where it goes wrong."""


def as_json(plan: RecoveryPlan) -> dict[str, Any]:
    """Plain values."""
    return asdict(plan)


def parse(document: bytes) -> RecoveryPlan:
    """A plan that `as_json` gave. Raises BadPlanError."""
    try:
        fields = json.loads(document)
        source = fields["source"]
        kind, path, epoch = source["kind"], source["path"], fields["epoch"]
        if kind not in ("data-dir", "snapshot") or not isinstance(path, str) or not isinstance(epoch, int):
            raise BadPlanError("source.kind, source.path or epoch is not what a plan has there")
        return RecoveryPlan(
            source=Survivor(**{**source, "kind": kind}),
            epoch=epoch,
            may_lose=str(fields["may_lose"]),
            fenced=tuple(fields["fenced"]),
            steps=tuple(fields["steps"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadPlanError(
            f"it is no recovery plan ({type(error).__name__}: {error}); make one with `consensus recover`"
        ) from error
