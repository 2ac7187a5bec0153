"""Getting the CustomResourceDefinitions of an upstream release: from its project, or from a mirror folder."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from charts_py.tree.schemas.lock import LOCK_FILE, Upstream

TIMEOUT_SECONDS = 30
MAX_BYTES = 64 * 1024 * 1024
"""Ten times the largest release: more is no CRD file."""


class SourceError(Exception):
    """A release can't be had, or isn't what the lock says. The message says what to do."""


class _CrdLoader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: `=` (an enum value of the Prometheus operator) and dates are strings."""


_CrdLoader.yaml_implicit_resolvers = {
    first: [
        (tag, rule)
        for tag, rule in rules
        if tag not in ("tag:yaml.org,2002:value", "tag:yaml.org,2002:timestamp")
    ]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def fetch(upstream: Upstream, mirror: Path | None) -> bytes:
    """The bytes of `upstream`, proven by its sha256. Downloads them if `mirror` is None.

    Raises SourceError for a file or URL that can't be read, and for other bytes than the lock's.
    """
    if mirror is None:
        content, origin = joined([_download(url) for url in upstream.urls]), " + ".join(upstream.urls)
    else:
        path = mirror / upstream.mirror_file
        origin = str(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SourceError(
                f"{upstream.project}: the mirror has no readable {path}: {error.strerror}"
            ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != upstream.sha256:
        raise SourceError(
            f"{upstream.project} {upstream.release}: {origin} has sha256 {found}, but {LOCK_FILE} says "
            f"{upstream.sha256}. If this is a new release that you have reviewed, write its sha256 into "
            f"{LOCK_FILE}; otherwise the file was changed after its release: don't use it"
        )
    return content


def joined(files: Sequence[bytes]) -> bytes:
    """One file as it is; several as one YAML stream, each after a `---` line."""
    return files[0] if len(files) == 1 else b"".join(b"---\n" + file for file in files)


def _download(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "novacron"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            content: bytes = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise SourceError(
            f"{url}: the server answered {error.code} {error.reason}; check url and files"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise SourceError(f"{url}: can't be downloaded: {error}; try again, or give --mirror DIR") from error
    if len(content) > MAX_BYTES:
        raise SourceError(f"{url}: is larger than {MAX_BYTES} bytes; that is no file of CRDs")
    return content


def definitions(content: bytes, *, project: str) -> list[dict[str, Any]]:
    """The CustomResourceDefinitions among the YAML documents of `content`. SourceError if it is no YAML."""
    try:
        # The loader only differs from CSafeLoader in what it leaves a string.
        documents = list(yaml.load_all(content, Loader=_CrdLoader))
    except (yaml.YAMLError, ValueError) as error:
        raise SourceError(f"{project}: is no YAML: {error}") from error
    return [d for d in documents if isinstance(d, dict) and d.get("kind") == "CustomResourceDefinition"]
