import pytest

from tests.e2e.tree import read_regions

OBJECT = """apiVersion: {api}
kind: {kind}
metadata:
  name: {name}
  annotations:
    argocd.argoproj.io/sync-wave: "{wave}"
"""


@pytest.fixture
def generated(tmp_path):
    for part, api, kind, name, wave in (
        ("core", "apps/v1", "Deployment", "api", 20),
        ("core", "v1", "Namespace", "novacron", -50),
        ("monitoring", "v1", "ConfigMap", "settings", -10),
    ):
        path = tmp_path / "production" / "us-east-1" / part / f"{kind}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(OBJECT.format(api=api, kind=kind, name=name, wave=wave))
    return tmp_path


def test_waves_come_lowest_first_across_parts(generated):
    (tree,) = read_regions(generated)
    assert [(wave, [file.kind for file in files]) for wave, files in tree.waves()] == [
        (-50, ["Namespace"]),
        (-10, ["ConfigMap"]),
        (20, ["Deployment"]),
    ]


def test_the_core_group_has_no_name(generated):
    (tree,) = read_regions(generated)
    assert tree.groups() == {"", "apps"}


def test_a_namespace_that_the_tree_does_not_make_is_foreign(generated):
    path = generated / "production" / "us-east-1" / "core" / "Schedule.yaml"
    text = OBJECT.format(api="velero.io/v1", kind="Schedule", name="daily", wave=40)
    path.write_text(text + "  namespace: velero\n")
    (tree,) = read_regions(generated)
    assert tree.foreign_namespaces() == ["velero"]
