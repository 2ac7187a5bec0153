import copy
import importlib
import inspect
import pkgutil
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charts_py.tree import checks
from charts_py.tree.checks import argocd, registry
from charts_py.tree.checks.baseline import CLUSTER, EXTERNAL, Baseline
from charts_py.tree.checks.catalog import RULE_DOCS
from charts_py.tree.checks.registry import RULES, run
from charts_py.tree.checks.rule import Rule

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(max_size=3), max_size=2),
)


def test_the_baseline_gives_no_finding(tree: Baseline) -> None:
    assert tree.findings() == []


def test_findings_come_sorted_and_name_their_cluster(tree: Baseline) -> None:
    tree.container()["image"] = "x:latest"
    tree.container()["resources"] = {}
    found = tree.findings()
    assert found == sorted(found)
    assert {finding.cluster for finding in found} == {CLUSTER}


def test_the_order_of_the_objects_does_not_matter(tree: Baseline) -> None:
    tree.container()["image"] = "x:latest"
    tree.remove("Service", "novacron-api")
    found = tree.findings()
    tree.objects.reverse()
    assert tree.findings() == found


def test_a_check_changes_no_object(tree: Baseline) -> None:
    before = copy.deepcopy(tree.objects)
    tree.findings()
    assert tree.objects == before


def test_every_rule_of_every_module_is_registered() -> None:
    defined: set[str] = set()
    for info in pkgutil.iter_modules(checks.__path__):
        if not info.name.endswith("_test") and info.name != "conftest":
            module = importlib.import_module(f"{checks.__name__}.{info.name}")
            defined |= {
                item.id for _, item in inspect.getmembers(module, lambda item: isinstance(item, Rule))
            }
    assert defined == {rule.id for rule in (*RULES, *argocd.RULES)}


def test_no_two_rules_have_one_id() -> None:
    ids = [rule.id for rule in (*RULES, *argocd.RULES)]
    assert len(ids) == len(set(ids))


def test_every_rule_is_documented_by_one_sentence() -> None:
    assert all(doc.endswith(".") and doc[0].isupper() for doc in RULE_DOCS.values())


def test_externals_are_judged_after_everything_that_could_need_them() -> None:
    assert registry.RULES[-1].id == "external-unused"


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


OBJECTS = Baseline().objects
PLACES = places(OBJECTS)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), JUNK)
def test_a_wrong_shape_anywhere_never_raises(place: tuple[str | int, ...], junk: Any) -> None:
    objects: Any = copy.deepcopy(OBJECTS)
    holder = objects
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = junk
    run(CLUSTER, objects, EXTERNAL)


def test_yaml_written_and_read_again_gives_the_same_findings(tree: Baseline) -> None:
    tree.container()["image"] = "x:latest"
    again: Any = yaml.safe_load(yaml.safe_dump(tree.objects))
    assert run(CLUSTER, again, EXTERNAL) == tree.findings()
