"""Every rule id with its line of documentation, for `novacron rules` and for the spelling of waivers."""

from __future__ import annotations

from typing import Final

from charts_py.tree.checks import argocd, registry, waivers

RULE_DOCS: Final[dict[str, str]] = {
    **{rule.id: rule.doc for rule in registry.RULES},
    **{rule.id: rule.doc for rule in argocd.RULES},
    **waivers.DOCS,
}
"""One line per rule id: what must hold."""
