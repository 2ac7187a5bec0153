import json
import subprocess
from pathlib import Path

import pytest
import yaml

from bench import rivals
from bench.objects import Objects, count, fingerprint, parse, read_tree

CHECKOUT = Path(__file__).resolve().parent.parent
TOOLS = CHECKOUT / ".novacron" / "bin"


@pytest.fixture(scope="module")
def objects() -> Objects:
    return read_tree(CHECKOUT)


@pytest.fixture(scope="module")
def wanted(objects: Objects) -> set[str]:
    return fingerprint(each for of_cluster in objects.values() for each in of_cluster)


def _loaded(files: list[Path]) -> set[str]:
    return fingerprint(yaml.load(file.read_text(), yaml.CSafeLoader) for file in files)


def _run(rival: rivals.Rival) -> set[str]:
    done = subprocess.run(rival.command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if rival.output is None:
        return fingerprint(parse(done.stdout))
    return fingerprint(each for file in rival.output.glob("*.yaml") for each in parse(file.read_text()))


def _needs(tool: str) -> None:
    if not (TOOLS / tool).is_file():
        pytest.skip(f"{tool} isn't built; run: python tools/build.py {tool}")


def test_no_object_of_the_tree_is_missing_or_there_twice(objects: Objects, wanted: set[str]) -> None:
    assert count(objects) == len(wanted) > 0
    assert count(objects) >= len(list(CHECKOUT.glob("generated/*/*/*/*/*.yaml")))


def test_no_two_objects_have_one_identity(objects: Objects) -> None:
    identities = [
        (each["apiVersion"], each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for of_cluster in objects.values()
        for each in of_cluster
    ]

    assert len(set(identities)) == len(identities)


def test_every_tool_is_given_the_same_objects(objects: Objects, wanted: set[str], tmp_path: Path) -> None:
    rivals.helm(objects, tmp_path / "helm", TOOLS)
    rivals.kustomize(objects, tmp_path / "kustomize", TOOLS)
    rivals.cdk8s_typescript(objects, tmp_path / "cdk8s", tmp_path / "node_modules")

    kustomization = yaml.safe_load((tmp_path / "kustomize" / "kustomization.yaml").read_text())
    listed = [tmp_path / "kustomize" / name for name in kustomization["resources"]]
    templates = (file.read_text() for file in (tmp_path / "helm" / "templates").iterdir())
    given = json.loads((tmp_path / "cdk8s" / "objects.json").read_text())

    assert _loaded(listed) == wanted
    assert fingerprint(yaml.safe_load(text.replace(rivals.HELM_BRACES, "{{")) for text in templates) == wanted
    assert fingerprint(each for of_chart in given.values() for each in of_chart) == wanted


def test_helm_prints_the_same_objects(objects: Objects, wanted: set[str], tmp_path: Path) -> None:
    _needs("helm")

    assert _run(rivals.helm(objects, tmp_path / "helm", TOOLS)) == wanted


def test_kustomize_prints_the_same_objects(objects: Objects, wanted: set[str], tmp_path: Path) -> None:
    _needs("kubectl")

    assert _run(rivals.kustomize(objects, tmp_path / "kustomize", TOOLS)) == wanted
    assert _run(rivals.kustomize_by_cluster(objects, tmp_path / "lists", TOOLS)) == wanted


def test_cdk8s_writes_the_same_objects(objects: Objects, wanted: set[str], tmp_path: Path) -> None:
    try:
        modules = rivals.install_cdk8s(tmp_path / "cdk8s")
    except subprocess.CalledProcessError:
        pytest.skip("npm's registry cannot be reached: cdk8s in TypeScript was not tried")

    assert _run(rivals.cdk8s_typescript(objects, tmp_path / "run", modules)) == wanted
