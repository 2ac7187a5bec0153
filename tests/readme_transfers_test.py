import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.repository import ROOT

TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
EXAMPLES = [block for block in BLOCKS if "dwcp receive" in block]


@pytest.mark.parametrize("example", EXAMPLES, ids=["plain", "certificates"])
def test_the_readmes_transfers_work_as_written(tmp_path: Path, example: str):
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    run = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", example],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=(tmp_path / "out").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        run.wait(120)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)

    assert run.returncode == 0, (tmp_path / "out").read_text()
    assert (tmp_path / "lab" / "received" / "vm42" / "disk.img").stat().st_size == 50_000_000
