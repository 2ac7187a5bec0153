"""What a run is asked to do, and what it answers."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charts_py.tree.finding import Finding
    from charts_py.tree.publish_plan import Difference


@dataclass(frozen=True, kw_only=True)
class Request:
    """`root` holds `fleet/`, `schemas/`, `generated/` and `argocd/`; what the run keeps for itself goes into
    `.novacron/` below it."""

    root: Path
    today: datetime.date
    check_only: bool = False
    """Publish nothing; say what differs."""
    use_cache: bool = True

    @property
    def state(self) -> Path:
        """The run's own folder, which Git ignores."""
        return self.root / ".novacron"

    @property
    def cache(self) -> Path:
        """What may be removed at any time at the cost of a slower run."""
        return self.state / "cache"


@dataclass(kw_only=True)
class Outcome:
    """What a run did. With findings nothing was published; paths are relative to the root."""

    units: int = 0
    built: int = 0
    objects: int = 0
    findings: list[Finding] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    """Only where nothing may be published: what publishing would change."""
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    """Files in our folders that are not ours; they are left alone."""
