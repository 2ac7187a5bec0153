"""How long a member's disk takes to make a log entry durable, from etcd's own histogram. Pure.

The metric is `etcd_disk_wal_fsync_duration_seconds` of etcd's `/metrics`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SUM: Final = re.compile(rb"^etcd_disk_wal_fsync_duration_seconds_sum (\S+)$", re.MULTILINE)
_COUNT: Final = re.compile(rb"^etcd_disk_wal_fsync_duration_seconds_count (\S+)$", re.MULTILINE)

ENOUGH: Final = 16
"""Flushes that a mean is taken of at least."""


@dataclass(frozen=True, kw_only=True)
class DiskTime:
    """`seconds`: the mean of the last flushes, None before there were enough. The rest: where they began."""

    seconds: float | None = None
    total: float = 0.0
    count: float = 0.0

    def after(self, metrics: bytes) -> DiskTime:
        """With what etcd says now. Unchanged if it says nothing of it; begun anew if etcd was."""
        total, count = _SUM.search(metrics), _COUNT.search(metrics)
        if total is None or count is None:
            return self
        try:
            now_total, now_count = float(total[1]), float(count[1])
        except ValueError:
            return self
        if now_count < self.count:
            return DiskTime(seconds=self.seconds, total=now_total, count=now_count)
        if now_count - self.count < ENOUGH:
            return self
        mean = (now_total - self.total) / (now_count - self.count)
        return DiskTime(seconds=mean, total=now_total, count=now_count)
