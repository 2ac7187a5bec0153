"""A file that both peers have: the sender's view of it."""

from __future__ import annotations


class Baseline:
    """A baseline file with an index of its pages."""
