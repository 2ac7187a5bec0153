from charts_py.contract.manifest import ObjectId


def test_the_version_of_an_api_is_no_part_of_identity():
    old = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}}
    new = {**old, "apiVersion": "apps/v1"}

    assert ObjectId.of(old) == ObjectId.of(new)


def test_core_kinds_have_no_group():
    namespace = ObjectId.of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "novacron"}})

    assert str(namespace) == "Namespace novacron"
    assert namespace.group == ""


def test_identity_prints_as_kubectl_spells_it():
    identity = ObjectId(group="apps", kind="Deployment", namespace="novacron", name="novacron-api")

    assert str(identity) == "Deployment.apps novacron/novacron-api"
