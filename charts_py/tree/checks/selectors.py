"""Label selectors, as the API server evaluates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charts_py.tree.checks.shape import mappings, string_map, text, texts

Selector = Mapping[str, Any]
"""`{"matchLabels": ..., "matchExpressions": ...}`; a plain label map is wrapped by `of_labels`."""


def of_labels(labels: Mapping[str, Any]) -> Selector:
    """The selector that a plain label map, as in `Service.spec.selector`, stands for."""
    return {"matchLabels": dict(labels)}


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether `labels` satisfy every requirement. An empty selector matches everything."""
    for key, value in string_map(selector, "matchLabels").items():
        if labels.get(key) != value:
            return False
    for _, requirement in mappings(selector, "matchExpressions"):
        key = text(requirement, "key")
        values = {value for _, value in texts(requirement, "values")}
        operator = requirement.get("operator")
        if operator == "In":
            holds = labels.get(key) in values
        elif operator == "NotIn":
            holds = labels.get(key) not in values
        elif operator == "Exists":
            holds = key in labels
        elif operator == "DoesNotExist":
            holds = key not in labels
        else:
            holds = False
        if not holds:
            return False
    return True


def is_empty(selector: Selector) -> bool:
    """Whether `selector` selects everything in its reach."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def spell(selector: Selector) -> str:
    """The selector as `kubectl get -l` takes it."""
    parts = [f"{key}={value}" for key, value in string_map(selector, "matchLabels").items()]
    for _, requirement in mappings(selector, "matchExpressions"):
        values = ",".join(value for _, value in texts(requirement, "values"))
        parts.append(f"{text(requirement, 'key')} {requirement.get('operator')} ({values})")
    return ", ".join(parts) or "everything"
