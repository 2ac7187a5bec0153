from charts_py.tree.checks.baseline import Baseline

API = "Deployment.apps novacron/novacron-api"
POD = "spec.template.spec"


def test_a_config_map_that_does_not_exist_is_found(tree: Baseline) -> None:
    tree.pod()["volumes"][0]["configMap"]["name"] = "setings"
    finding = tree.breaks("config-map-missing", API, f"{POD}.volumes[0].configMap")
    assert "there is settings" in finding.message


def test_a_config_map_in_another_namespace_does_not_count(tree: Baseline) -> None:
    tree.get("ConfigMap", "settings")["metadata"]["namespace"] = "legacy"
    tree.breaks("config-map-missing", API, f"{POD}.volumes[0].configMap")


def test_env_from_needs_its_config_map_unless_it_is_optional(tree: Baseline) -> None:
    del tree.container()["envFrom"][0]["configMapRef"]["optional"]
    tree.breaks("config-map-missing", API, f"{POD}.containers[0].envFrom[0]")


def test_the_root_ca_of_every_namespace_exists(tree: Baseline) -> None:
    tree.pod()["volumes"][0]["configMap"] = {"name": "kube-root-ca.crt"}
    tree.keeps("config-map-missing")


def test_a_key_that_the_config_map_lacks_is_found(tree: Baseline) -> None:
    tree.pod()["volumes"][0]["configMap"]["items"][0]["key"] = "dwcp.yml"
    tree.breaks("config-map-key-missing", API, f"{POD}.volumes[0].configMap")


def test_a_secret_that_nobody_makes_is_found(tree: Baseline) -> None:
    tree.get("Certificate", "novacron-api")["spec"]["secretName"] = "other"
    tree.breaks("secret-missing", API, f"{POD}.volumes[1].projected.sources[0].secret")


def test_an_image_pull_secret_must_exist(tree: Baseline) -> None:
    tree.pod()["imagePullSecrets"][0]["name"] = "registri"
    tree.breaks("secret-missing", API, f"{POD}.imagePullSecrets[0]")


def test_an_external_secret_of_another_namespace_makes_no_secret_here(tree: Baseline) -> None:
    tree.get("ExternalSecret", "database")["metadata"]["namespace"] = "legacy"
    tree.breaks("secret-missing", API, f"{POD}.containers[0].env[2].valueFrom")


def test_a_key_that_the_external_secret_does_not_write_is_found(tree: Baseline) -> None:
    tree.container()["env"][2]["valueFrom"]["secretKeyRef"]["key"] = "passwort"
    finding = tree.breaks("secret-key-missing", API, f"{POD}.containers[0].env[2].valueFrom")
    assert "there is password" in finding.message
