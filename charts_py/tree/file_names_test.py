from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.contract.manifest import ObjectId
from charts_py.tree.file_names import FileNameError, check_case, file_name, object_id, place

_identities = st.builds(
    ObjectId,
    group=st.from_regex(r"[a-z0-9.-]{0,12}", fullmatch=True),
    kind=st.from_regex(r"[A-Z][A-Za-z0-9]{0,8}", fullmatch=True),
    namespace=st.from_regex(r"[a-z0-9-]{0,8}", fullmatch=True),
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
)


@given(_identities)
def test_an_object_is_found_again_by_its_file_name(identity: Any) -> None:
    assert object_id(file_name(identity)) == identity


@given(st.from_regex(r"[A-Za-z0-9%._-]{1,30}(\.yaml)?", fullmatch=True))
def test_no_second_file_name_stands_for_an_object(name: str) -> None:
    try:
        identity = object_id(name)
    except FileNameError:
        return
    assert file_name(identity) == name


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (("apps", "Deployment", "novacron", "novacron-api"), "Deployment.apps_novacron_novacron-api.yaml"),
        (("", "Service", "novacron", "novacron-api"), "Service_novacron_novacron-api.yaml"),
        (("", "Namespace", "", "novacron"), "Namespace_novacron.yaml"),
        (
            ("rbac.authorization.k8s.io", "ClusterRole", "", "system:a_b"),
            "ClusterRole.rbac.authorization.k8s.io_system%3Aa%5Fb.yaml",
        ),
    ],
)
def test_a_file_name_shows_kind_group_namespace_and_name(identity: Any, name: str) -> None:
    group, kind, namespace, own_name = identity

    assert file_name(ObjectId(group=group, kind=kind, namespace=namespace, name=own_name)) == name


@pytest.mark.parametrize(
    "name",
    [
        "Service.yaml",
        "_novacron_x.yaml",
        "Service_a_b_c.yaml",
        "Service_a_b",
        "Service_a_%3a.yaml",
        "Service_a_%FF.yaml",
    ],
)
def test_a_name_that_no_object_has_is_refused(name: str) -> None:
    with pytest.raises(FileNameError, match="names no object"):
        object_id(name)


def test_a_name_too_long_for_a_file_system_is_refused() -> None:
    with pytest.raises(FileNameError, match="allowed are 255"):
        file_name(ObjectId(group="", kind="ConfigMap", namespace="n" * 63, name="x" * 253))


def _config_map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "novacron"}}


def test_every_object_gets_a_file() -> None:
    placed = place(
        [("core/api", _config_map("a")), ("core/api", _config_map("b")), ("dwcp/node", _config_map("a"))]
    )

    assert list(placed) == [
        "core/api/ConfigMap_novacron_a.yaml",
        "core/api/ConfigMap_novacron_b.yaml",
        "dwcp/node/ConfigMap_novacron_a.yaml",
    ]


def test_two_objects_with_one_identity_in_one_folder_are_refused() -> None:
    with pytest.raises(FileNameError, match="ConfigMap novacron/a is there twice"):
        place([("core/api", _config_map("a")), ("core/api", _config_map("a"))])


@pytest.mark.parametrize("paths", [("a/Role_x.yaml", "a/Role_X.yaml"), ("core/a.yaml", "Core/b.yaml")])
def test_paths_that_differ_in_case_only_are_refused(paths: Any) -> None:
    with pytest.raises(FileNameError, match="upper and lower case"):
        check_case(paths)
