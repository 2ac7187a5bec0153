"""Finding kubeconform and running it over documents.

kubeconform reads files, not its standard input: there it hands its workers slices of a buffer that it goes on
filling, which corrupts documents as soon as the input exceeds half of that buffer (2 MB).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT_VARIABLE = "NOVACRON_KUBECONFORM"
INSTALL_COMMAND = "python tools/build.py kubeconform"
SCHEMA_TEMPLATE = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
"""Relative to a schema folder. `GroupVersionKind.schema_path` fills it in."""

WORKERS = 2
_GARBAGE_COLLECTION = "400"
"""GOGC for kubeconform: a quarter less CPU for about 100 MB."""


class KubeconformError(Exception):
    """kubeconform can't be found, or broke. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong with one document."""

    index: int
    """Position in the documents given to `run`."""
    problems: tuple[tuple[str, str], ...]
    """Pairs of a path (`/spec/replicas`, "" for the whole document) and a message."""


def find_kubeconform(root: Path, environment: Mapping[str, str] | None = None) -> Path:
    """The kubeconform to use: $NOVACRON_KUBECONFORM, else `.novacron/bin` under `root`, else the PATH.

    Raises KubeconformError if there is none, or if the variable names something that can't be run.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(ENVIRONMENT_VARIABLE)
    if named:
        if not os.access(named, os.X_OK) or not Path(named).is_file():
            raise KubeconformError(
                f"{ENVIRONMENT_VARIABLE} is {named!r}, which is no program; "
                f"unset it and run: {INSTALL_COMMAND}"
            )
        return Path(named).absolute()
    built = root / ".novacron" / "bin" / "kubeconform"
    if os.access(built, os.X_OK) and built.is_file():
        return built.absolute()
    on_path = shutil.which("kubeconform", path=environment.get("PATH", ""))
    if on_path:
        return Path(on_path).absolute()
    raise KubeconformError(f"kubeconform is missing; run: {INSTALL_COMMAND}")


def run(documents: Sequence[bytes], *, binary: Path, schemas: Path) -> list[Verdict]:
    """Check `documents` (one YAML or JSON object each) against the schema folder `schemas`.

    Returns the invalid ones in order. Raises KubeconformError if kubeconform breaks, or if it can't account
    for every document: none may be skipped.
    """
    if not documents:
        return []
    batches = _batches(documents)
    first = _run_files([[documents[i] for i in batch] for batch in batches], binary=binary, schemas=schemas)
    if not first.failures and first.valid == len(documents):
        return []
    # A failure names a file and an object, not a document. A second run with one document to a file tells
    # them apart, for those that may be meant: every valid document costs less in a large file.
    suspects = [i for i in range(len(documents)) if first.valid + len(first.failures) != len(documents)]
    suspects = suspects or _suspects(first.failures, batches, documents)
    second = _run_files([[documents[i]] for i in suspects], binary=binary, schemas=schemas)
    failed = {failure.file for failure in second.failures}
    accounted = len(failed) == len(second.failures) and second.valid + len(failed) == len(suspects)
    if not accounted or (len(suspects) < len(documents) and len(failed) != len(first.failures)):
        raise KubeconformError(
            f"kubeconform was given {len(suspects)} documents and answered for {second.valid} valid and "
            f"{len(second.failures)} invalid ones; each must be exactly one object"
        )
    verdicts = (Verdict(index=suspects[f.file], problems=problems_of(f.message)) for f in second.failures)
    return sorted(verdicts, key=lambda verdict: verdict.index)


def _batches(documents: Sequence[bytes]) -> list[range]:
    """Positions by file: as many files as keep all workers busy to the end."""
    count = min(len(documents), 8 * WORKERS)
    return [range(start, len(documents), count) for start in range(count)]


def _suspects(
    failures: Sequence[_Failure], batches: Sequence[range], documents: Sequence[bytes]
) -> list[int]:
    """The documents that may have failed: those in the file of a failure that hold the name it gives."""
    names: dict[int, set[bytes]] = {}
    for failure in failures:
        names.setdefault(failure.file, set()).add(failure.name.encode())
    return sorted(
        i
        for file, wanted in names.items()
        for i in batches[file]
        if any(name in documents[i] for name in wanted)
    )


@dataclass(frozen=True, kw_only=True)
class _Failure:
    file: int
    name: str
    message: str


@dataclass(frozen=True, kw_only=True)
class _Report:
    failures: tuple[_Failure, ...]
    valid: int


def _run_files(files: Sequence[Sequence[bytes]], *, binary: Path, schemas: Path) -> _Report:
    with tempfile.TemporaryDirectory(prefix="novacron-schema-") as folder:
        # kubeconform makes a URL of the schema's path without escaping it: reached through a link, a `#` or
        # `%` in the path of the repository can't spoil it.
        (Path(folder) / "schemas").symlink_to(schemas.absolute(), target_is_directory=True)
        inputs = Path(folder) / "documents"
        inputs.mkdir()
        for index, documents in enumerate(files):
            # The extension only makes kubeconform open the file; it reads JSON and YAML alike.
            (inputs / f"{index}.yaml").write_bytes(b"\n---\n".join(documents))
        command = [str(binary.absolute()), "-strict", "-summary", "-output", "json", "-n", str(WORKERS)]
        command += ["-schema-location", f"schemas/{SCHEMA_TEMPLATE}", inputs.name]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "GOGC": _GARBAGE_COLLECTION},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise KubeconformError(f"{binary} can't be run: {error}; run: {INSTALL_COMMAND}") from error
    try:
        report = json.loads(done.stdout)
        summary = report["summary"]
        if summary["skipped"]:
            raise KubeconformError(f"kubeconform skipped {summary['skipped']} documents; none may be skipped")
        return _Report(failures=tuple(map(_failure, report["resources"])), valid=summary["valid"])
    except (ValueError, KeyError, TypeError) as error:
        said = (
            done.stderr.decode(errors="replace").strip()[:2000] or done.stdout.decode(errors="replace")[:2000]
        )
        raise KubeconformError(f"{binary} exited {done.returncode} without a report: {said}") from error


def _failure(result: Mapping[str, object]) -> _Failure:
    file = int(Path(str(result["filename"])).stem)
    return _Failure(file=file, name=str(result["name"]), message=str(result["msg"]))


_ENTRY = re.compile(r" ((?:  )*)- at '((?:[^'\\]|\\.)*)': ")
_GROUPS = ("validation failed", "'allOf' failed")
_ALTERNATIVES = ("'oneOf' failed", "'anyOf' failed")


def problems_of(message: str) -> tuple[tuple[str, str], ...]:
    """The single problems in a message of kubeconform, as pairs of JSON pointer and text.

    The message is a tree that lost its line breaks; `validationErrors` beside it holds only the topmost
    level, which for a Deployment says no more than "/spec: validation failed".
    """
    pieces = _ENTRY.split(message)
    if len(pieces) < 4:
        return (("", message.strip()),)
    problems: list[tuple[str, str]] = []
    alternatives_at: int | None = None
    for spaces, quoted, raw in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        depth, text = len(spaces), raw.strip()
        pointer = re.sub(r"\\(.)", r"\1", quoted)
        if alternatives_at is not None and depth > alternatives_at:
            if text not in _GROUPS:
                path, said = problems[-1]
                problems[-1] = (path, f"{said}; {pointer}: {text}")
            continue
        alternatives_at = depth if text.startswith(_ALTERNATIVES) else None
        if text not in _GROUPS:
            problems.append((pointer, text))
    return tuple(problems) or (("", message.strip()),)
