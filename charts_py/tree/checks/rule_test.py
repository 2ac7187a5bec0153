from collections.abc import Iterator

import pytest

from charts_py.tree.checks.rule import Problem, rule
from charts_py.tree.checks.view import ClusterView


def documented(view: ClusterView) -> Iterator[Problem]:
    """Everything is
    in order.

    And more.
    """
    return iter(())


def undocumented(view: ClusterView) -> Iterator[Problem]:
    return iter(())


def test_a_rules_documentation_is_the_first_paragraph_in_one_line() -> None:
    assert rule("all-in-order")(documented).doc == "Everything is in order."


@pytest.mark.parametrize("identity", ["", "All-in-order", "all_in_order", "all--in", "-all"])
def test_a_rule_id_is_kebab_case(identity: str) -> None:
    with pytest.raises(ValueError, match="kebab-case"):
        rule(identity)(documented)


def test_a_rule_is_documented() -> None:
    with pytest.raises(ValueError, match="docstring"):
        rule("all-in-order")(undocumented)
