"""The real definitions of third-party kinds, so that the API server's own admission judges our objects."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.kubectl import CommandError, run

MODULES = Path(__file__).with_name("crds.json")


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """CustomResourceDefinitions and where they come from, for the summary."""

    source: str
    objects: dict[str, dict[str, Any]]
    """By their names, for example `certificates.cert-manager.io`."""

    def of_groups(self, groups: Collection[str]) -> list[dict[str, Any]]:
        """The definitions whose API group is one of these."""
        return [crd for crd in self.objects.values() if crd["spec"]["group"] in groups]


def third_party(groups: Collection[str], *, mirror: Path | None, go: Path | None) -> Definitions:
    """Definitions of these API groups: from a folder of upstream release files, else from Go's module cache.

    Args:
        groups: API groups that are wanted.
        mirror: Folder with `*.yaml` release files; None to use the Go modules that `crds.json` pins, which
            are fetched once.
        go: The Go to fetch them with.

    Raises:
        LookupError: A group is in none of them.
    """
    if mirror:
        source, texts = f"files in {mirror}", _texts(sorted(mirror.glob("*.yaml")))
    else:
        source, texts = "the projects' own Go modules", _module_texts(groups, go)
    objects = {crd["metadata"]["name"]: crd for text in texts for crd in _definitions(text, groups)}
    missing = sorted(set(groups) - {crd["spec"]["group"] for crd in objects.values()})
    if missing:
        raise LookupError(
            f"no CustomResourceDefinition of {', '.join(missing)} in {source}; name a folder that has them "
            "with --crds or NOVACRON_CRDS"
        )
    return Definitions(source=source, objects=objects)


def mirror_folder(given: str | None) -> Path | None:
    """The folder that the command line or NOVACRON_CRDS names, or None."""
    asked = given or os.environ.get("NOVACRON_CRDS")
    if not asked:
        return None
    folder = Path(asked)
    if not folder.is_dir():
        raise NotADirectoryError(f"--crds: {folder} is no folder")
    return folder


def _texts(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        yield path.read_text()


def _module_texts(groups: Collection[str], go: Path | None) -> Iterator[str]:
    if go is None:
        raise LookupError("third-party CRDs come from Go modules, and there is no Go; see --crds")
    for module in json.loads(MODULES.read_text()):
        if not any(fnmatch(group, pattern) for group in groups for pattern in module["groups"]):
            continue
        wanted = f"{module['path']}@{module['version']}"
        try:
            got = json.loads(
                run(
                    [go, "mod", "download", "-json", wanted],
                    environment={"GOTOOLCHAIN": "local"},
                    cwd=Path("/"),
                )
            )
        except CommandError as error:
            raise LookupError(
                f"{wanted} could not be downloaded; check the network or GOPROXY, or name a folder of "
                f"CRDs with --crds\n{error}"
            ) from None
        if got["Sum"] != module["sum"]:
            raise LookupError(f"{wanted} is not what {MODULES.name} pins: {got['Sum']}")
        yield from _texts(sorted(Path(got["Dir"]).glob(module["files"])))


def _definitions(text: str, groups: Collection[str]) -> Iterator[dict[str, Any]]:
    # Release files hold megabytes of other groups' schemas; looking before parsing saves most of the time.
    for document in re.split(r"^---\s*$", text, flags=re.MULTILINE):
        if "kind: CustomResourceDefinition" not in document:
            continue
        group = re.search(r"^ {2}group: (\S+)$", document, re.MULTILINE)
        if group is None or group[1] in groups:
            crd = yaml.load(document, Loader=_Loader)
            if crd["spec"]["group"] in groups:
                yield crd


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """Reads `=` as the text that it is in the enumerations of some definitions."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)
