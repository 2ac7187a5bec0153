"""The three ways to run the generator. Each runs in a copy of the repository; all give the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from charts_py.charts.node import node_executable, npm_command

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PUBLISHED = ("generated", "argocd")
NO_REGISTRY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What `novacron synth` publishes."""
    clone = copy_repository(tmp_path_factory.mktemp("novacron"))
    run([sys.executable, "-m", "charts_py.cli", "synth", "--no-cache"], clone)
    return published(clone)


def copy_repository(folder: Path) -> Path:
    """The files that a clone has, without what was published and without `.git`; times are kept for make."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if name.split("/")[0] not in PUBLISHED and (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    tools = ROOT / ".novacron" / "bin"
    if tools.is_dir():
        (folder / ".novacron").mkdir()
        (folder / ".novacron" / "bin").symlink_to(tools)
    return folder


def run(command: list[str], clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(BIN), str(node_executable().parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(clone), **variables}
    result = subprocess.run(
        command, cwd=clone, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


def published(clone: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(clone)): file.read_bytes()
        for folder in PUBLISHED
        for file in sorted((clone / folder).rglob("*"))
        if file.is_file()
    }


def install_cdk8s_cli(clone: Path) -> None:
    """The locked CLI into the clone, where npx looks first; skips the test if there is no registry."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(ROOT / "tools" / "cdk8s-cli" / name, clone / name)
    install = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    result = subprocess.run(install, cwd=clone, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode and any(code in result.stderr for code in NO_REGISTRY):
        pytest.skip("npm's registry cannot be reached: `npx cdk8s-cli synth` was not tried")
    assert result.returncode == 0, result.stderr


def test_make_synth_publishes_the_same_bytes(expected: dict[str, bytes], tmp_path: Path) -> None:
    clone = copy_repository(tmp_path)
    installed = clone / ".installed"
    installed.touch()
    run(["make", "synth", f"BIN={BIN}", f"ENV={installed.name}"], clone)
    assert published(clone) == expected


def test_the_real_cdk8s_cli_publishes_the_same_bytes(expected: dict[str, bytes], tmp_path: Path) -> None:
    clone = copy_repository(tmp_path)
    install_cdk8s_cli(clone)
    npx = [*npm_command("npx"), "--no-install", "cdk8s-cli", "synth"]
    result = run(npx, clone, CDK8S_CHECK_UPGRADE="false")
    assert published(clone) == expected
    assert "No manifests synthesized" not in result.stderr


def test_a_mistake_in_the_fleet_fails_the_cdk8s_cli_and_publishes_nothing(
    expected: dict[str, bytes], tmp_path: Path
) -> None:
    clone = copy_repository(tmp_path)
    install_cdk8s_cli(clone)
    run([*npm_command("npx"), "--no-install", "cdk8s-cli", "synth"], clone, CDK8S_CHECK_UPGRADE="false")
    fleet = clone / "fleet" / "example.yaml"
    fleet.write_text(fleet.read_text(encoding="utf-8") + "\nmistake: true\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="mistake"):
        run([*npm_command("npx"), "--no-install", "cdk8s-cli", "synth"], clone, CDK8S_CHECK_UPGRADE="false")
    assert published(clone) == expected
