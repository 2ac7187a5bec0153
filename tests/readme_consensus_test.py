import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.repository import ROOT

TEXT = (ROOT / "README.md").read_text()
(EXAMPLE,) = [
    block
    for block in re.findall(r"^```bash\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    if "dwcp-runtime consensus" in block
]


def test_the_readmes_group_works_as_written(tmp_path: Path):
    for name in (".venv", ".novacron", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    run = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", f"{EXAMPLE}\nwait"],
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

    told = (tmp_path / "out").read_text()
    assert run.returncode == 0, told
    assert "quorum held: 3 of 3 voters answer, 2 are needed" in told
