import pytest

from tests.e2e.crds import mirror_folder, third_party

CRD = """---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.{group}
spec:
  group: {group}
---
apiVersion: v1
kind: Namespace
metadata: {{name: other}}
"""


@pytest.fixture
def mirror(tmp_path):
    (tmp_path / "release.yaml").write_text(CRD.format(plural="certificates", group="cert-manager.io"))
    (tmp_path / "other.yaml").write_text(CRD.format(plural="clusters", group="example.io"))
    return tmp_path


def test_only_definitions_of_wanted_groups_are_taken(mirror):
    found = third_party({"cert-manager.io"}, mirror=mirror, go=None)
    assert set(found.objects) == {"certificates.cert-manager.io"}


def test_a_group_without_definitions_is_named(mirror):
    with pytest.raises(LookupError, match=r"no CustomResourceDefinition of velero\.io .* --crds"):
        third_party({"cert-manager.io", "velero.io"}, mirror=mirror, go=None)


def test_without_a_mirror_and_without_go_the_error_says_what_to_do():
    with pytest.raises(LookupError, match="--crds"):
        third_party({"velero.io"}, mirror=None, go=None)


def test_a_folder_that_is_asked_for_must_exist(tmp_path):
    with pytest.raises(NotADirectoryError, match="nowhere"):
        mirror_folder(str(tmp_path / "nowhere"))


def test_a_definition_with_a_bare_equals_sign_is_read_as_text(tmp_path):
    text = CRD.format(plural="probes", group="example.io").replace("spec:\n", "spec:\n  enum: [=, a]\n", 1)
    (tmp_path / "release.yaml").write_text(text)
    (crd,) = third_party({"example.io"}, mirror=tmp_path, go=None).objects.values()
    assert crd["spec"]["enum"] == ["=", "a"]
