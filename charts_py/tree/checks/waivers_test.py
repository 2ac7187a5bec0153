import datetime

import pytest

from charts_py.contract.environment import Waiver
from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.waivers import apply, parse
from charts_py.tree.finding import Finding

TODAY = datetime.date(2030, 1, 15)
OBJECT = ObjectId(group="apps", kind="Deployment", namespace="novacron", name="novacron-api")


def finding(rule: str = "image-latest", cluster: str = "test/one", item: ObjectId = OBJECT) -> Finding:
    return Finding(rule=rule, cluster=cluster, object=item, field="spec", message="wrong")


def waiver(rule: str = "image-latest", item: str = str(OBJECT), expires: str = "2030-01-15") -> Waiver:
    return Waiver(rule=rule, object=item, reason="until the next release", expires=expires)


def waived(findings: list[Finding], *waivers: Waiver) -> list[tuple[str, str, ObjectId]]:
    remaining = apply(findings, waivers, today=TODAY, cluster="test")
    return [(item.rule, item.cluster, item.object) for item in remaining]


def test_a_waiver_holds_through_its_last_day_in_every_cluster() -> None:
    assert waived([finding(), finding(cluster="test/two")], waiver()) == []


def test_a_waiver_leaves_other_rules_and_objects_alone() -> None:
    other = ObjectId(group="apps", kind="Deployment", namespace="novacron", name="other")
    kept = [finding(rule="image-untagged"), finding(item=other)]
    assert waived([finding(), *kept], waiver()) == sorted(
        (item.rule, item.cluster, item.object) for item in kept
    )


def test_an_expired_waiver_is_a_finding_and_waives_nothing() -> None:
    assert waived([finding()], waiver(expires="2030-01-14")) == [
        ("image-latest", "test/one", OBJECT),
        ("waiver-expired", "test", OBJECT),
    ]


def test_a_date_that_is_none_is_taken_as_expired() -> None:
    assert waived([], waiver(expires="2030-02-31")) == [("waiver-expired", "test", OBJECT)]


def test_a_waiver_that_matches_nothing_is_a_finding() -> None:
    assert waived([], waiver()) == [("waiver-unused", "test", OBJECT)]


@pytest.mark.parametrize(
    ("misspelt", "hint"),
    [
        (waiver(rule="image-latst"), "image-latest"),
        (waiver(item="Deployment novacron/novacron-api"), str(OBJECT)),
    ],
)
def test_a_misspelt_waiver_is_told_the_nearest_spelling(misspelt: Waiver, hint: str) -> None:
    messages = [item.message for item in apply([finding()], [misspelt], today=TODAY, cluster="test")]
    assert any(f"there is {hint}" in message for message in messages)


def test_what_makes_the_tree_unwritable_cannot_be_waived() -> None:
    duplicate = finding(rule="duplicate-object")
    assert waived([duplicate], waiver(rule="duplicate-object")) == [
        ("duplicate-object", "test/one", OBJECT),
        ("waiver-unused", "test", OBJECT),
    ]


@pytest.mark.parametrize(
    "item",
    [
        OBJECT,
        ObjectId(group="", kind="Namespace", namespace="", name="novacron"),
        ObjectId(group="", kind="Service", namespace="novacron", name="x"),
        ObjectId(
            group="apiextensions.k8s.io", kind="CustomResourceDefinition", namespace="", name="a.novacron.io"
        ),
    ],
)
def test_an_object_is_found_again_by_its_spelling(item: ObjectId) -> None:
    assert parse(str(item)) == item


def test_what_spells_no_object_is_still_named() -> None:
    assert parse("novacron-api").name == "novacron-api"
