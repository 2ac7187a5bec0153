from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BUILDER = runpy.run_path(str(ROOT / "tools" / "manifests_jsii.py"))


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        return {
            member.name: file.read() for member in opened.getmembers() if (file := opened.extractfile(member))
        }


@pytest.mark.parametrize("member", ["src/index.ts", "package.json"])
def test_the_committed_archive_was_made_from_the_committed_source(member: str) -> None:
    packed = contents(BUILDER["ARCHIVE"])[f"package/{member}"]
    assert packed == (BUILDER["ASSEMBLY"] / member).read_bytes()


def test_compiling_the_source_gives_what_is_committed(tmp_path: Path) -> None:
    output = tmp_path / "built.tgz"
    command = [sys.executable, str(ROOT / "tools" / "manifests_jsii.py"), str(output)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    if result.returncode and any(code in result.stderr for code in BUILDER["NO_REGISTRY"]):
        pytest.skip("npm's registry cannot be reached: compiling was not tried, the source was compared")
    assert result.returncode == 0, result.stdout + result.stderr
    assert contents(output) == contents(BUILDER["ARCHIVE"])
