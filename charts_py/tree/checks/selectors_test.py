from typing import Any

import pytest

from charts_py.tree.checks.selectors import is_empty, matches, of_labels, spell


@pytest.mark.parametrize(
    ("requirement", "holds"),
    [
        ({"key": "app", "operator": "In", "values": ["a", "b"]}, True),
        ({"key": "app", "operator": "In", "values": ["b"]}, False),
        ({"key": "app", "operator": "NotIn", "values": ["b"]}, True),
        ({"key": "tier", "operator": "NotIn", "values": ["b"]}, True),
        ({"key": "tier", "operator": "In", "values": ["b"]}, False),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "tier", "operator": "Exists"}, False),
        ({"key": "tier", "operator": "DoesNotExist"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
        ({"key": "app", "operator": "Gt", "values": ["0"]}, False),
    ],
)
def test_an_expression_holds_as_the_api_server_says(requirement: dict[str, Any], holds: bool) -> None:
    assert matches({"matchExpressions": [requirement]}, {"app": "a"}) is holds


def test_every_requirement_must_hold() -> None:
    selector = {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}
    assert not matches(selector, {"app": "a"})
    assert matches(selector, {"app": "a", "tier": "x"})
    assert spell(selector) == "app=a, tier Exists ()"


def test_an_empty_selector_selects_everything() -> None:
    assert is_empty({}) and is_empty(of_labels({})) and matches({}, {})
    assert spell({}) == "everything"
