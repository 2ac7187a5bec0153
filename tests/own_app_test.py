from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "own_app" / "main.py"


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("own_app")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(EXAMPLE)], cwd=folder, env=environment, check=True, timeout=120)
    return list(yaml.safe_load_all((folder / "dist" / "platform.k8s.yaml").read_text(encoding="utf-8")))


def test_an_app_of_a_user_has_our_construct_and_its_own_objects(objects: list[dict[str, Any]]) -> None:
    named = {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}
    assert ("Deployment", "novacron-api") in named
    assert named["ConfigMap", "dashboard"]["data"] == {"api": "http://novacron-api.novacron.svc:80"}


def test_the_attributes_of_a_construct_agree_with_the_objects_it_makes(objects: list[dict[str, Any]]) -> None:
    services = {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] == "Service"}
    assert 80 in [port["port"] for port in services["novacron-api"]["spec"]["ports"]]


def test_the_example_is_typed_strictly() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, str(EXAMPLE)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout
