"""Compile `charts_py/charts/_jsii/src` by jsii and pack what Python loads: `novacron-manifests.tgz`.

Run it as `python tools/manifests_jsii.py [OUTPUT]`. It needs npm's registry, unless npm has a cache.
"""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from charts_py.charts.node import node_executable, npm_command

ASSEMBLY = Path(__file__).parent.parent / "charts_py" / "charts" / "_jsii"
ARCHIVE = ASSEMBLY / "novacron-manifests.tgz"
SOURCES = ("package.json", "package-lock.json", "README.md", "src/index.ts")
MEMBERS = (".jsii", "lib/index.js", "package.json", "src/index.ts")
"""What the kernel reads, and the source it was made from, so that a test can compare it offline."""

NO_REGISTRY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
"""npm's error codes when there is no network."""


def build(output: Path = ARCHIVE) -> None:
    """Write the archive to `output`. The same sources give the same bytes: no time, owner or source map.

    Raises:
        subprocess.CalledProcessError: npm or the compiler failed; their output says why.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in SOURCES:
            (folder / source).parent.mkdir(exist_ok=True)
            shutil.copyfile(ASSEMBLY / source, folder / source)
        _run([*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        _run(
            [str(node_executable()), "node_modules/jsii/bin/jsii", "--silence-warnings=reserved-word"], folder
        )
        output.write_bytes(_pack(folder))


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL, timeout=300)


def _pack(folder: Path) -> bytes:
    raw = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for member in MEMBERS:
            content = (folder / member).read_bytes()
            info = tarfile.TarInfo(f"package/{member}")
            info.size = len(content)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(content))
    return raw.getvalue()


if __name__ == "__main__":
    build(*(Path(argument) for argument in sys.argv[1:2]))
