"""Fleet files from disk: all of a folder, or the ones given."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path as FilePath

from charts_py.contract.environment import Environment
from charts_py.fleet.check import FleetSource, check
from charts_py.fleet.problem import FleetError, Problem
from charts_py.fleet.yaml_reader import MOST_BYTES, read_yaml

SUFFIX = ".yaml"


def read_fleet(where: FilePath | Sequence[FilePath]) -> tuple[Environment, ...]:
    """The environments of a fleet: a folder of `.yaml` files, or the files given, in the order of names.

    FleetError with every problem of every file if any has one.
    """
    return tuple(file.environment for file in read_sources(where))


def read_sources(where: FilePath | Sequence[FilePath]) -> tuple[FleetSource, ...]:
    """As `read_fleet`, with the places of all values, for `explain`."""
    problems: list[Problem] = []
    sources: list[FleetSource] = []
    for file in sorted(_files(where, problems)):
        checked = _read(file)
        if isinstance(checked, FleetSource):
            sources.append(checked)
        else:
            problems += checked
    problems += _shared_names(sources)
    if problems:
        raise FleetError(problems)
    return tuple(sources)


def _files(where: FilePath | Sequence[FilePath], problems: list[Problem]) -> Iterator[FilePath]:
    if not isinstance(where, FilePath):
        yield from where
        return
    if not where.is_dir():
        if where.exists():
            yield where
        else:
            problems.append(
                _problem(where, "no such folder; a fleet is a folder of <environment>.yaml files")
            )
        return
    try:
        entries = sorted(where.iterdir())
    except OSError as error:
        problems.append(_problem(where, f"cannot be listed: {error.strerror}"))
        return
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in visible:
        if entry.suffix == ".yml":
            problems.append(_problem(entry, f"would be ignored; rename it to {entry.stem}{SUFFIX}"))
    files = [entry for entry in visible if entry.suffix == SUFFIX]
    if not files and not problems:
        problems.append(
            _problem(where, "holds no fleet file; write <environment>.yaml, as in production.yaml")
        )
    yield from files


def _read(file: FilePath) -> FleetSource | tuple[Problem, ...]:
    try:
        data = _bytes(file)
    except OSError as error:
        return (_problem(file, f"cannot be read: {error.strerror}"),)
    if data is None:
        return (_problem(file, "no regular file"),)
    return check(read_yaml(data, file.as_posix()), file.stem)


def _bytes(file: FilePath) -> bytes | None:
    """At most one byte more than a fleet file may have; None for folders, pipes and devices.

    Opened without waiting: a pipe that nobody writes to must not stop the program.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _shared_names(sources: Iterable[FleetSource]) -> Iterator[Problem]:
    """What two files must not both say."""
    environments: dict[str, str] = {}
    clusters: dict[str, str] = {}
    for file in sources:
        name = file.environment.name
        if environments.setdefault(name, file.source.file) != file.source.file:
            entry = file.root.entries["environment"]
            message = f"{environments[name]} is this environment already"
            yield file.source.problem(entry.node.mark, ("environment",), message, found=name)
        if file.environment.argocd.mode != "hub":
            continue
        for region in file.environment.regions:
            first = clusters.setdefault(region.cluster, region.path)
            if first != region.path:
                path = ("regions", region.position, "cluster")
                written = file.root.find(path) or file.root.find((*path[:2], "name"))
                mark = file.root.mark if written is None else written.node.mark
                message = (
                    f"{first} is in cluster {region.cluster} already, and one hub knows a cluster by its name"
                )
                yield file.source.problem(mark, path, f"{message}; give each its own")


def _problem(file: FilePath, message: str) -> Problem:
    return Problem(file=file.as_posix(), message=message)
