from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charts_py.tree.schemas import folder
from charts_py.tree.schemas.folder import assemble
from charts_py.tree.schemas.kind import GroupVersionKind
from charts_py.tree.schemas.kubeconform import find_kubeconform, run
from charts_py.tree.schemas.lock import read_lock
from charts_py.tree.schemas.structural import SchemaError
from charts_py.tree.schemas.update_test import crd

REPOSITORY = Path(__file__).parents[3]
SCHEMAS = REPOSITORY / "schemas"
WIDGET = GroupVersionKind.parse("example.com/v1 Widget")
POD = GroupVersionKind.parse("v1 Pod")
CORE = """
v1 ConfigMap,v1 LimitRange,v1 Namespace,v1 PersistentVolumeClaim,v1 ResourceQuota,v1 Secret,v1 Service
v1 ServiceAccount,apps/v1 DaemonSet,apps/v1 Deployment,apps/v1 StatefulSet,batch/v1 Job,batch/v1 CronJob
apiextensions.k8s.io/v1 CustomResourceDefinition,autoscaling/v2 HorizontalPodAutoscaler
policy/v1 PodDisruptionBudget,networking.k8s.io/v1 NetworkPolicy,networking.k8s.io/v1 Ingress
rbac.authorization.k8s.io/v1 ClusterRole,rbac.authorization.k8s.io/v1 ClusterRoleBinding
rbac.authorization.k8s.io/v1 Role,rbac.authorization.k8s.io/v1 RoleBinding
scheduling.k8s.io/v1 PriorityClass,storage.k8s.io/v1 StorageClass
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy
admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding
"""
CORE_KINDS = [GroupVersionKind.parse(text) for text in CORE.strip().replace("\n", ",").split(",")]
LOCKED_KINDS = [gvk for upstream in read_lock(SCHEMAS) for gvk in upstream.kinds]


@pytest.fixture
def made(tmp_path):
    def make(*kinds, kubernetes="1.37", crds=(), third_party=tmp_path / "schemas"):
        return assemble(
            kinds=kinds, kubernetes=kubernetes, third_party=third_party, crds=crds, cache=tmp_path / "cache"
        )

    return make


def read(schemas, gvk):
    return json.loads((schemas.folder / gvk.schema_path).read_text())


def test_every_locked_kind_has_its_schema_in_the_repository():
    assert sorted(p.relative_to(SCHEMAS).as_posix() for p in SCHEMAS.glob("*/*.json")) == sorted(
        gvk.schema_path for gvk in LOCKED_KINDS
    )


def test_the_schemas_of_the_repository_hold_no_prose():
    for path in SCHEMAS.glob("*/*.json"):
        for node in schema_nodes(json.loads(path.read_text())):
            assert not {"description", "title", "default", "example"} & node.keys()


def schema_nodes(node):
    yield node
    fields = {**node.get("properties", {}), **node.get("definitions", {})}.values()
    single = [
        node[key] for key in ("items", "not", "additionalProperties") if isinstance(node.get(key), dict)
    ]
    branches = [branch for key in ("allOf", "anyOf", "oneOf") for branch in node.get(key, ())]
    for child in (*fields, *single, *branches):
        yield from schema_nodes(child)


def random_object(schema, key, draw, stop):
    """An object that holds `key`, which no schema declares, at a random place, and the pointer to it."""
    document, pointer = {}, ""
    node, place = schema, document
    while True:
        fields = {name: resolved(child, schema) for name, child in sorted(node.get("properties", {}).items())}
        ways = {name: way for name, child in fields.items() if (way := way_down(child, schema))}
        if not ways or draw.random() < stop:
            place[key] = 1
            return document, pointer
        name = draw.choice(list(ways))
        steps, node = ways[name]
        value = inner = {}
        for step in reversed(steps):
            value = [value] if step == "0" else {step: value}
        place[name], place = value, inner
        pointer = "/".join([pointer, name, *steps])


def resolved(node, root):
    while "$ref" in node:
        node = root["definitions"][node["$ref"].removeprefix("#/definitions/")]
    return node


def way_down(node, root):
    """The steps from a value of `node` through lists and maps to a strict object, and its schema."""
    steps = []
    while len(steps) < 4:
        if node.get("additionalProperties") is False:
            return steps, node
        if isinstance(node.get("items"), dict):
            steps, node = [*steps, "0"], resolved(node["items"], root)
        elif isinstance(node.get("additionalProperties"), dict):
            steps, node = [*steps, "any"], resolved(node["additionalProperties"], root)
        else:
            return None
    return None


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8),
    seed=st.integers(0, 2**32),
    stop=st.sampled_from([0.0, 0.2, 1.0]),
    kubernetes=st.sampled_from(["1.35", "1.36", "1.37"]),
)
def test_an_undeclared_key_is_refused_wherever_it_stands_in_any_kind(made, suffix, seed, stop, kubernetes):
    key, draw = f"zz{suffix}", random.Random(seed)
    kinds = [*CORE_KINDS, *LOCKED_KINDS]
    schemas = made(*kinds, kubernetes=kubernetes, third_party=SCHEMAS)
    assert schemas.missing == frozenset()
    documents, pointers = [], []
    for gvk in kinds:
        document, pointer = random_object(read(schemas, gvk), key, draw, stop)
        identity = {"apiVersion": gvk.api_version, "kind": gvk.kind}
        documents.append(json.dumps({**document, **identity}).encode())
        pointers.append(pointer)
    verdicts = run(documents, binary=find_kubeconform(REPOSITORY), schemas=schemas.folder)
    assert [verdict.index for verdict in verdicts] == list(range(len(kinds)))
    for verdict, pointer, gvk in zip(verdicts, pointers, kinds, strict=True):
        assert (pointer, f"additional properties '{key}' not allowed") in verdict.problems, gvk


def test_a_custom_kind_gets_the_servers_own_rules_for_metadata(made):
    schemas = made(WIDGET, crds=[crd("Widget", {"type": "string"})])
    definition = resolved(read(schemas, WIDGET)["properties"]["metadata"], read(schemas, WIDGET))
    assert definition["additionalProperties"] is False
    assert "labels" in definition["properties"]


def test_what_the_tree_installs_comes_before_what_the_repository_holds(made, tmp_path):
    (tmp_path / "schemas" / "example.com").mkdir(parents=True)
    (tmp_path / "schemas" / WIDGET.schema_path).write_text('{"properties": {"spec": {"type": "integer"}}}')
    assert read(made(WIDGET), WIDGET)["properties"]["spec"] == {"type": "integer"}
    own = made(WIDGET, crds=[crd("Widget", {"type": "string"})])
    assert read(own, WIDGET)["properties"]["spec"] == {"type": "string"}


def test_a_kind_that_no_source_knows_is_missing_also_the_second_time(made):
    assert made(WIDGET, POD).missing == made(WIDGET, POD).missing == {WIDGET}


def test_the_same_sources_are_made_once(made, monkeypatch):
    first = made(POD)
    monkeypatch.setattr(folder, "_build", None)
    assert made(POD) == first


@pytest.mark.parametrize("change", ["crd", "kubernetes", "code"])
def test_a_change_of_any_source_changes_the_folder_and_the_key(made, monkeypatch, change):
    first = made(WIDGET, crds=[crd("Widget", {"type": "string"})])
    if change == "code":
        monkeypatch.setattr(folder, "_translator", lambda: b"other")
    second = made(
        WIDGET,
        kubernetes="1.36" if change == "kubernetes" else "1.37",
        crds=[crd("Widget", {"type": "integer" if change == "crd" else "string"})],
    )
    assert second.folder != first.folder
    assert second.keys[WIDGET] != first.keys[WIDGET]


def test_a_broken_schema_file_is_a_clear_error_and_leaves_no_folder(made, tmp_path):
    (tmp_path / "schemas" / "example.com").mkdir(parents=True)
    (tmp_path / "schemas" / WIDGET.schema_path).write_text("{")
    with pytest.raises(SchemaError, match=r"Widget.*novacron schemas update"):
        made(WIDGET)
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_cache_keeps_only_so_many_folders(made, tmp_path):
    for number in range(folder.KEPT_FOLDERS + 3):
        last = made(WIDGET, crds=[crd("Widget", {"type": "integer", "maximum": number})])
    folders = list((tmp_path / "cache").iterdir())
    assert len(folders) == folder.KEPT_FOLDERS
    assert last.folder in folders
