from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree.schemas.check import Subject, check_schemas, dotted_path
from charts_py.tree.schemas.kubeconform import find_kubeconform
from charts_py.tree.schemas.update_test import crd

REPOSITORY = Path(__file__).parents[3]


def config_map(name="settings", **fields):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "novacron"},
        **fields,
    }


def subject(manifest, cluster="production/us-east-1", content=None):
    return Subject(cluster=cluster, manifest=manifest, content=content or json.dumps(manifest).encode())


@pytest.fixture
def check(tmp_path):
    def run(*subjects, **options):
        return check_schemas(
            subjects,
            **{
                "kubernetes": "1.37",
                "binary": find_kubeconform(REPOSITORY),
                "third_party": tmp_path / "schemas",
                "cache": tmp_path / "cache",
                **options,
            },
        )

    return run


def test_a_finding_names_cluster_object_field_and_what_is_wrong(check):
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "novacron"},
        "spec": {
            "selector": {},
            "template": {"spec": {"containers": [{"name": "api", "ports": [{"containerPort": "80"}]}]}},
        },
    }
    (finding,) = check(subject(deployment)).findings
    assert finding.rule == "schema"
    assert finding.cluster == "production/us-east-1"
    assert str(finding.object) == "Deployment.apps novacron/api"
    assert finding.field == "spec.template.spec.containers[0].ports[0].containerPort"
    assert "got string, want integer" in finding.message


def test_a_kind_without_a_schema_is_a_finding_of_its_own_and_the_others_are_still_checked(check):
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}
    report = check(subject(widget), subject(config_map(dat={})))
    assert [finding.rule for finding in report.findings] == ["schema", "schema-missing"]
    assert "schemas/lock.yaml" in report.findings[1].message


def test_a_custom_object_is_checked_against_the_definition_in_its_own_tree(check):
    definition = crd("Widget", {"type": "string"})
    definition["metadata"]["name"] = "widgets.example.com"
    definition["spec"] |= {"scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"}}
    definition["spec"]["versions"][0] |= {"served": True, "storage": True}
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": 1}
    (finding,) = check(subject(definition), subject(widget)).findings
    assert (finding.object.kind, finding.field) == ("Widget", "spec")


def test_equal_contents_are_checked_once_and_a_fault_is_reported_for_each(check):
    broken = config_map(data={"a": 1})
    report = check(subject(broken, "production/a"), subject(broken, "production/b"), subject(config_map()))
    assert (report.objects, report.checked) == (3, 2)
    assert [finding.cluster for finding in report.findings] == ["production/a", "production/b"]


def test_a_second_run_asks_only_about_what_changed(check):
    first = check(subject(config_map("a")), subject(config_map("b")))
    second = check(subject(config_map("a")), subject(config_map("c")), validated=first.validated)
    assert second.checked == 1
    assert len(second.validated) == 2


def test_an_invalid_content_is_never_remembered_as_valid(check):
    report = check(subject(config_map(dat={})))
    assert report.validated == frozenset()
    assert check(subject(config_map(dat={})), validated=report.validated).findings == report.findings


def test_what_was_valid_for_one_kubernetes_version_is_asked_again_for_another(check):
    report = check(subject(config_map()))
    assert check(subject(config_map()), validated=report.validated).checked == 0
    assert check(subject(config_map()), validated=report.validated, kubernetes="1.36").checked == 1


def test_what_kubectl_would_read_as_another_type_is_found(check):
    content = (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: novacron}\ndata: {a: y}\n"
    )
    (finding,) = check(subject(config_map(data={"a": "y"}), content=content)).findings
    assert finding.field == "data.a"


def test_two_documents_in_one_file_are_a_finding(check):
    content = json.dumps(config_map()).encode() + b"\n---\n" + json.dumps(config_map("b")).encode()
    (finding,) = check(subject(config_map(), content=content)).findings
    assert "exactly one object" in finding.message


def test_a_list_is_a_finding(check):
    items = {"apiVersion": "v1", "kind": "List", "metadata": {"name": "a"}, "items": [config_map(dat={})]}
    (finding,) = check(subject(items)).findings
    assert (finding.rule, "one by one" in finding.message) == ("schema-missing", True)


@pytest.mark.parametrize(
    "quantity", ["1", "100m", "1.5", "2Gi", "1e3", "0.1", "1Ei"], ids=lambda quantity: f"good-{quantity}"
)
def test_a_quantity_that_kubernetes_reads_is_valid(check, quantity):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "a"}}
    assert check(subject({**quota, "spec": {"hard": {"cpu": quantity}}})).findings == ()


@pytest.mark.parametrize("quantity", ["1GiB", "2gb", "", "1 Gi", "ten"])
def test_a_quantity_that_kubernetes_refuses_is_found(check, quantity):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "a"}}
    (finding,) = check(subject({**quota, "spec": {"hard": {"cpu": quantity}}})).findings
    assert finding.field == "spec.hard.cpu"


def test_a_path_tells_list_indexes_from_keys_and_quotes_what_is_no_word():
    manifest = {"data": {"0": {"a.b/c": 1}}, "items": [{"x": 1}]}
    assert dotted_path("/data/0/a.b~1c", manifest) == 'data.0["a.b/c"]'
    assert dotted_path("/items/0/x", manifest) == "items[0].x"
    assert dotted_path("", manifest) == ""


@given(st.text(max_size=40))
def test_any_pointer_gives_a_path(pointer):
    assert isinstance(dotted_path("/" + pointer, {"a": [1]}), str)
