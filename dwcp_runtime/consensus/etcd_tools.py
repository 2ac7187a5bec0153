"""Where etcd and etcdutl are, and whether their version may be trusted."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dwcp_runtime.consensus import etcd_version
from dwcp_runtime.consensus.etcd_version import Version


class ToolError(Exception):
    """A program that isn't there or doesn't run. The text says where it was looked for."""


@dataclass(frozen=True, kw_only=True)
class EtcdTools:
    """The two programs and etcd's version."""

    etcd: Path
    etcdutl: Path
    version: Version


def find(folder: Path | None) -> EtcdTools:
    """Look in `folder`, or on PATH. Raises ToolError, and EtcdVersionError for a version that is refused."""
    etcd, etcdutl = _program("etcd", folder), _program("etcdutl", folder)
    try:
        told = subprocess.run(
            [etcd, "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{etcd} does not run: {error}") from error
    version = etcd_version.parse(told.stdout)
    etcd_version.check(version)
    return EtcdTools(etcd=etcd, etcdutl=etcdutl, version=version)


def _program(name: str, folder: Path | None) -> Path:
    found = shutil.which(name, path=str(folder) if folder is not None else None)
    if found is None:
        where = f"in {folder}" if folder is not None else "on PATH"
        raise ToolError(f"there is no {name} {where}; name its folder with --tools DIR")
    return Path(found).resolve()
