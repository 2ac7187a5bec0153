import pytest

from charts_py.tree.checks.baseline import Baseline

API = "Deployment.apps novacron/novacron-api"
CONTAINER = "spec.template.spec.containers[0]"
KEY_BLOCK = "-----BEGIN EC " + "PRIVATE KEY-----\nMHcCAQEE\n"
CLOUD_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_a_secret_with_values_is_found(tree: Baseline, field: str) -> None:
    tree.add("{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: novacron}}")[field] = {
        "k": "djE="
    }
    tree.breaks("secret-in-plain-text", "Secret novacron/s", field)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter2hunter2"),
        ("apiKey", "0123456789"),
        ("AWS_SECRET_ACCESS_KEY", "abcdef"),
        ("URL", "postgres://app:hunter2@db:5432/x"),
        ("X", CLOUD_KEY),
    ],
)
def test_a_credential_in_the_environment_is_found(tree: Baseline, name: str, value: str) -> None:
    tree.container()["env"] = [{"name": name, "value": value}]
    tree.breaks("credential-in-container", API, f"{CONTAINER}.env[0].value")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("DB_PASSWORD", "$(FROM_SECRET)"),
        ("DB_PASSWORD", ""),
        ("TOKEN_TTL", "3600s"),
        ("TOKEN", "/var/run/token"),
        ("REQUIRE_TOKEN", "true"),
        ("URL", "postgres://db:5432/x"),
        ("URL", "postgres://app:$(DB_PASSWORD)@db:5432/x"),
        ("COMPASS", "north"),
    ],
)
def test_what_only_sounds_like_a_credential_is_left_alone(tree: Baseline, name: str, value: str) -> None:
    tree.container()["env"] = [{"name": name, "value": value}]
    tree.keeps("credential-in-container")


def test_a_credential_in_an_argument_is_found(tree: Baseline) -> None:
    tree.container()["args"] = ["--listen=:8080", "--db-password=hunter2hunter2"]
    tree.breaks("credential-in-container", API, f"{CONTAINER}.args[1]")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "hunter2hunter2"),
        ("redis.conf", "maxmemory 1gb\nrequirepass: x\nmasterauth_token: hunter2\n"),
        ("app.yaml", "db:\n  password: 'hunter2hunter2'\n"),
        ("app.json", '{\n  "api_key": "0123456789",\n}'),
        ("tls.key", KEY_BLOCK),
    ],
)
def test_a_credential_in_a_config_map_is_found(tree: Baseline, key: str, value: str) -> None:
    data = tree.get("ConfigMap", "settings")["data"]
    data[key] = value
    tree.breaks("credential-in-config-map", "ConfigMap novacron/settings", f"data[{key}]")


@pytest.mark.parametrize(
    "value",
    [
        "password_file: /run/secrets/db\n",
        "password: ${DB_PASSWORD}\n",
        "token: ''\ntokens: 5\n",
        "secret: |\n",
        "secretName: novacron-tls\n",
        "# password: see the vault\n",
        "url: https://example.com:443/path@x\n",
    ],
)
def test_settings_about_credentials_are_left_alone(tree: Baseline, value: str) -> None:
    tree.get("ConfigMap", "settings")["data"]["app.yaml"] = value
    tree.keeps("credential-in-config-map")
