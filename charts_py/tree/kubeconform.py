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
"""Relative to the schema folder, in which kubeconform runs: no character of the folder's own path can then be
read as a template or as a part of a URL."""

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
    results, valid = _run_files(_batches(documents), binary=binary, schemas=schemas)
    if not results and valid == len(documents):
        return []
    # A result names a file, not a document in it. Failures are rare, so a second run with one document to a
    # file tells them apart; every valid document costs less than a file that way.
    singles = [[document] for document in documents]
    results, valid = _run_files(singles, binary=binary, schemas=schemas)
    if valid + len(results) != len(documents) or len({result.index for result in results}) != len(results):
        raise KubeconformError(
            f"kubeconform was given {len(documents)} documents and answered for {valid + len(results)}; "
            "each must be exactly one object"
        )
    return sorted(results, key=lambda verdict: verdict.index)


def _batches(documents: Sequence[bytes]) -> list[Sequence[bytes]]:
    """As many files as keep all workers busy to the end."""
    count = min(len(documents), 8 * WORKERS)
    return [documents[start::count] for start in range(count)]


def _run_files(files: Sequence[Sequence[bytes]], *, binary: Path, schemas: Path) -> tuple[list[Verdict], int]:
    with tempfile.TemporaryDirectory(prefix="novacron-schema-") as folder:
        for index, documents in enumerate(files):
            # The extension only makes kubeconform open the file; it reads JSON and YAML alike.
            (Path(folder) / f"{index}.yaml").write_bytes(b"\n---\n".join(documents))
        command = [str(binary), "-strict", "-summary", "-output", "json", "-n", str(WORKERS)]
        command += ["-schema-location", SCHEMA_TEMPLATE, folder]
        try:
            done = subprocess.run(
                command,
                cwd=schemas,
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
        return [_verdict(result) for result in report["resources"]], summary["valid"]
    except (ValueError, KeyError, TypeError) as error:
        said = (
            done.stderr.decode(errors="replace").strip()[:2000] or done.stdout.decode(errors="replace")[:2000]
        )
        raise KubeconformError(f"{binary} exited {done.returncode} without a report: {said}") from error


def _verdict(result: Mapping[str, object]) -> Verdict:
    return Verdict(index=int(Path(str(result["filename"])).stem), problems=problems_of(str(result["msg"])))


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
