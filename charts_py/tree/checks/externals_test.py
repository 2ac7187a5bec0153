from charts_py.contract.external import External
from charts_py.tree.checks.baseline import Baseline


def test_an_external_that_nothing_refers_to_is_found(tree: Baseline) -> None:
    tree.external.append(
        External(group="", kind="Secret", namespace="novacron", name="spare", owner="a team")
    )
    finding = tree.breaks("external-unused", "Secret novacron/spare", "metadata.name")
    assert "a team's" in finding.message


def test_an_external_that_the_tree_holds_is_found(tree: Baseline) -> None:
    tree.external.append(External(group="", kind="Namespace", namespace="", name="novacron", owner="a team"))
    finding = tree.breaks("external-unused", "Namespace novacron", "metadata.name")
    assert "the tree holds it too" in finding.message


def test_every_external_of_the_baseline_is_needed(tree: Baseline) -> None:
    for external in tree.external:
        without = Baseline()
        without.external.remove(external)
        assert without.findings(), external
