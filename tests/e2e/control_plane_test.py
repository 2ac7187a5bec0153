import shutil
import subprocess

import pytest
import yaml

from tests.e2e.control_plane import new_signing_key, write_kubeconfig


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to read the key")
def test_a_signing_key_is_a_p256_key_that_others_read(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text(new_signing_key())
    done = subprocess.run(
        ["openssl", "ec", "-in", path, "-noout", "-text"], capture_output=True, text=True, check=False
    )
    assert "prime256v1" in done.stdout


def test_a_kubeconfig_is_for_its_owner_alone(tmp_path):
    path = write_kubeconfig(tmp_path / "config", "one", "https://127.0.0.1:1", tmp_path / "ca", "secret")
    assert path.stat().st_mode & 0o077 == 0
    assert yaml.safe_load(path.read_text())["current-context"] == "one"
