"""The other tools: the input that each of them reads, and how it is called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bench.objects import Objects
from charts_py.charts.node import node_executable, npm_command

HELM_BRACES: Final = '{{ "{{" }}'
_CDK8S: Final = Path(__file__).resolve().parent / "cdk8s-ts"


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A tool with its input in place. `output` is the folder into which it writes, None: standard output."""

    name: str
    checks: str
    command: tuple[str, ...]
    output: Path | None = None


def helm(objects: Objects, folder: Path, tools: Path) -> Rival:
    """Each object a template of one chart."""
    templates = folder / "templates"
    templates.mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 1.0.0\n")
    for number, each in enumerate(each for of_cluster in objects.values() for each in of_cluster):
        # What a template must not take for its own: alerts and ApplicationSets have braces of their own.
        (templates / f"{number:05}.yaml").write_text(_text(each).replace("{{", HELM_BRACES))
    return Rival(
        name="helm template",
        checks="nothing",
        command=(os.fspath(tools / "helm"), "template", "bench", os.fspath(folder)),
    )


def kustomize(objects: Objects, folder: Path, tools: Path) -> Rival:
    """Each object a file in one list of resources."""
    _kustomization([each for of_cluster in objects.values() for each in of_cluster], folder)
    return Rival(
        name="kubectl kustomize, one list",
        checks="identities that occur twice",
        command=(os.fspath(tools / "kubectl"), "kustomize", os.fspath(folder)),
    )


def kustomize_by_cluster(objects: Objects, folder: Path, tools: Path) -> Rival:
    """A list, and a run, for each cluster: what takes long in one list need not be in one."""
    for cluster, of_cluster in objects.items():
        _kustomization(of_cluster, folder / cluster)
    loop = 'for list in "$2"/*; do echo ---; "$1" kustomize "$list" || exit; done'
    return Rival(
        name="kubectl kustomize, a list per region",
        checks="identities that occur twice in a region",
        command=("/bin/sh", "-c", loop, "sh", os.fspath(tools / "kubectl"), os.fspath(folder)),
    )


def cdk8s_typescript(objects: Objects, folder: Path, modules: Path) -> Rival:
    """Each object an `ApiObject` of one app; `modules` is what `install_cdk8s` gave."""
    folder.mkdir(parents=True)
    shutil.copytree(_CDK8S, folder / "app")
    (folder / "app" / "node_modules").symlink_to(modules)
    source, output = folder / "objects.json", folder / "dist"
    source.write_text(json.dumps(objects))
    program = folder / "app" / "main.ts"
    return Rival(
        name="cdk8s in TypeScript",
        checks="its constructs",
        command=(os.fspath(node_executable()), os.fspath(program), os.fspath(source), os.fspath(output)),
        output=output,
    )


def install_cdk8s(folder: Path) -> Path:
    """The `node_modules` of the pinned packages, in `folder`; installed when the lock isn't what it was made
    from. Raises CalledProcessError when npm can't."""
    folder.mkdir(parents=True, exist_ok=True)
    mark, lock = folder / ".installed", (_CDK8S / "package-lock.json").read_text()
    if not mark.is_file() or mark.read_text() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_CDK8S / name, folder)
        options = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
        subprocess.run([*npm_command(), *options], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        mark.write_text(lock)
    return folder / "node_modules"


def _kustomization(objects: Sequence[dict[str, Any]], folder: Path) -> None:
    (folder / "objects").mkdir(parents=True)
    names = [f"objects/{number:05}.yaml" for number in range(len(objects))]
    for name, each in zip(names, objects, strict=True):
        (folder / name).write_text(_text(each))
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": names,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))


def _text(manifest: dict[str, Any]) -> str:
    text: str = yaml.dump(manifest, Dumper=yaml.CSafeDumper, sort_keys=False)
    return text
