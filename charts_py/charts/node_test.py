from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from charts_py.charts import node

RENDER = """
import sys
from charts_py.charts import node
assert "jsii" not in sys.modules
if {prefetch}: node.Prefetch().wait()
from charts_py.charts.manifests import Manifests, render
import cdk8s
chart = cdk8s.Chart(cdk8s.App(), "c")
Manifests(chart, "x", [dict(apiVersion="v1", kind="ConfigMap", metadata=dict(name="a"))])
print(render(chart))
"""


def run(environment: dict[str, str], *, prefetch: bool = False) -> subprocess.CompletedProcess[str]:
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "SYSTEMROOT") if key in os.environ}
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", RENDER.format(prefetch=prefetch)],
        env={**kept, **environment},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_cdk8s_runs_without_any_node_in_path_and_says_nothing(tmp_path: Path) -> None:
    result = run({"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "[('x', {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'a'}})]\n"


def test_prefetching_and_importing_at_once_give_the_same(tmp_path: Path) -> None:
    assert run({"HOME": str(tmp_path)}, prefetch=True).stdout == run({"HOME": str(tmp_path)}).stdout


def test_a_home_that_its_group_may_write_to_is_no_obstacle(tmp_path: Path) -> None:
    tmp_path.chmod(0o775)
    assert run({"HOME": str(tmp_path)}).returncode == 0


def test_a_home_that_is_no_folder_is_no_obstacle(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.touch()
    assert run({"HOME": str(home)}).returncode == 0


def test_a_cache_that_others_may_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "novacron" / "jsii"
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    for name in ("JSII_RUNTIME_PACKAGE_CACHE", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    node.configure()
    assert os.environ.pop("JSII_RUNTIME_PACKAGE_CACHE") == "disabled"


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", sys.executable)
    monkeypatch.setenv("JSII_RUNTIME_PACKAGE_CACHE_ROOT", "/mine")
    node.configure()
    assert (os.environ["JSII_NODE"], os.environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"]) == (
        sys.executable,
        "/mine",
    )


def test_a_node_that_is_not_there_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JSII_NODE", "/nowhere/node")
    with pytest.raises(node.NodeMissingError, match="no Node at /nowhere/node, which JSII_NODE names: unset"):
        node.node_executable()


@pytest.mark.parametrize("program", ["/bin/false", "/bin/echo", __file__])
def test_what_is_no_node_is_told_from_one(program: str) -> None:
    with pytest.raises(node.NodeMissingError, match=f"^{program} "):
        node.version(Path(program))


def test_a_node_says_its_version() -> None:
    assert node.version(node.node_executable()).startswith("v2")


def test_a_start_that_fails_says_why_to_the_one_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise RuntimeError(f"no room for {name}")

    monkeypatch.setattr(node.importlib, "import_module", fail)
    with pytest.raises(node.NodeMissingError, match=r"cdk8s did not start on .*: no room for"):
        node.Prefetch().wait()


def test_npm_of_the_wheel_runs() -> None:
    result = subprocess.run(
        [*node.npm_command(), "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip()
