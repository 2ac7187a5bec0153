from __future__ import annotations

from typing import get_args

import pytest

from charts_py.contract.platform import Provider
from charts_py.resources import spot


@pytest.mark.parametrize("provider", get_args(Provider))
def test_what_is_preferred_is_also_tolerated(provider: Provider):
    preferred = {term["preference"]["matchExpressions"][0]["key"] for term in spot.preference(provider)}
    assert preferred == {toleration["key"] for toleration in spot.tolerations(provider)}


def test_an_instance_type_is_never_taken_for_a_capacity_type():
    keys = [each.key for types in spot.CAPACITY_TYPES.values() for each in types]
    assert keys and not any("instance-type" in key for key in keys)
