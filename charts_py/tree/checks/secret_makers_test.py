from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.tree.checks.secret_makers import made_secrets


def keys(manifest: Manifest) -> dict[tuple[str, str], frozenset[str] | None]:
    return dict(made_secrets([(ObjectId.of(manifest), manifest)]))


def test_a_certificate_writes_its_key_pair_and_the_stores_that_it_asks_for() -> None:
    spec = {"secretName": "tls", "keystores": {"jks": {"create": True}, "pkcs12": {"create": False}}}
    metadata = {"name": "c", "namespace": "n"}
    found = keys(
        {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": metadata, "spec": spec}
    )
    expected = ["tls.crt", "tls.key", "ca.crt", "keystore.jks", "truststore.jks"]
    assert found == {("n", "tls"): frozenset(expected)}


def test_an_external_secret_takes_its_own_name_unless_it_has_a_target() -> None:
    metadata = {"name": "e", "namespace": "n"}
    manifest = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata}
    assert keys({**manifest, "spec": {"data": [{"secretKey": "k"}]}}) == {("n", "e"): frozenset(["k"])}
    assert keys({**manifest, "spec": {"target": {"name": "t"}, "dataFrom": [{}]}}) == {("n", "t"): None}


def test_a_secret_has_the_keys_of_both_its_fields() -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}}
    assert keys({**manifest, "data": {"a": ""}, "stringData": {"b": ""}}) == {("n", "s"): frozenset("ab")}
