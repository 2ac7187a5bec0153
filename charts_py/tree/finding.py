"""What a check says about an object of the tree."""

from __future__ import annotations

from dataclasses import dataclass

from charts_py.contract.manifest import ObjectId


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    """One thing that is wrong with one object. Sorting findings gives the order in which they are shown."""

    rule: str
    """Stable kebab-case id."""

    cluster: str
    """`<env>/<region>`, or `argocd`."""

    object: ObjectId

    field: str
    """Dotted path, e.g. `spec.template.spec.containers[0].ports[1]`; "" for the whole object."""

    message: str
    """What is wrong, what is allowed, what to do."""
