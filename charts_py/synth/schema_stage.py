"""The schema check beside the build: kubeconform works on one core while the next regions are built."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from charts_py.synth.build import Built
from charts_py.tree.finding import Finding
from charts_py.tree.schemas.check import SchemaReport, Subject, check_schemas
from charts_py.tree.schemas.kubeconform import find_kubeconform

_BATCH = 1200
"""Objects of one kubeconform run: enough to make its start a small part, few enough to begin early."""


@dataclass
class SchemaStage:
    """Collects what is built and checks it in batches, in a thread of its own.

    `root` is the repository (where kubeconform was built), `schemas` the folder of third-party schemas,
    `cache` where schema folders and the digests of valid contents are kept; None for no digests.
    """

    root: Path
    schemas: Path
    cache: Path
    use_cache: bool
    _waiting: dict[str, list[Subject]] = field(default_factory=dict)
    _running: list[Future[SchemaReport]] = field(default_factory=list)
    _validated: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._binary = find_kubeconform(self.root)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kubeconform")
        if self.use_cache:
            self._validated.update(_read_digests(self._digests_file))

    def add(self, cluster: str, kubernetes: str, built: Built) -> None:
        """Take a unit's objects; they are checked now or with later ones."""
        waiting = self._waiting.setdefault(kubernetes, [])
        waiting += [
            Subject(cluster=cluster, manifest=manifest, content=content)
            for manifest, content in zip(built.manifests, built.documents, strict=True)
        ]
        if len(waiting) >= _BATCH:
            self._start(kubernetes)

    def finish(self) -> list[Finding]:
        """Check the rest and wait. Raises KubeconformError and SchemaError for broken tools."""
        for kubernetes in list(self._waiting):
            self._start(kubernetes)
        findings: list[Finding] = []
        try:
            for future in self._running:
                findings += future.result().findings
        finally:
            self._pool.shutdown(cancel_futures=True)
        _write_digests(self._digests_file, self._validated)
        return findings

    def _start(self, kubernetes: str) -> None:
        subjects = self._waiting.pop(kubernetes, [])
        if subjects:
            self._running.append(self._pool.submit(self._check, subjects, kubernetes))

    def _check(self, subjects: Sequence[Subject], kubernetes: str) -> SchemaReport:
        report = check_schemas(
            subjects,
            kubernetes=kubernetes,
            binary=self._binary,
            third_party=self.schemas,
            cache=self.cache / "schemas",
            validated=self._validated,
        )
        self._validated |= report.validated
        return report

    @property
    def _digests_file(self) -> Path:
        return self.cache / "valid-contents"


def _read_digests(file: Path) -> Iterable[str]:
    try:
        return file.read_text().split()
    except (OSError, UnicodeDecodeError):
        return ()


def _write_digests(file: Path, digests: Iterable[str]) -> None:
    """A cache that can't be written only costs time later."""
    fresh = file.with_suffix(".new")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text("\n".join(sorted(digests)))
        fresh.replace(file)
