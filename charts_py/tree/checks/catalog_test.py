from charts_py.tree.checks import argocd, registry, waivers
from charts_py.tree.checks.catalog import RULE_DOCS


def test_every_rule_that_can_report_is_in_the_catalog() -> None:
    ids = [rule.id for rule in (*registry.RULES, *argocd.RULES)] + list(waivers.DOCS)
    assert list(RULE_DOCS) == ids
