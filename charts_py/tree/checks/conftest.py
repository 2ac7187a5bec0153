"""Fixtures of the rules' tests."""

from __future__ import annotations

import pytest

from charts_py.tree.checks.baseline import Baseline


@pytest.fixture
def tree() -> Baseline:
    """A clean cluster of the test's own."""
    return Baseline()
