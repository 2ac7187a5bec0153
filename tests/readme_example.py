"""The README's examples, run as a newcomer would."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.repository import ROOT


def examples(words: str) -> list[str]:
    """The README's shell examples that have these words."""
    text = (ROOT / "README.md").read_text()
    return [
        each for each in re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) if words in each
    ]


def run_example(script: str, folder: Path, *, needs: tuple[str, ...]) -> tuple[int | None, str]:
    """Exit code and output of a script in `folder`, to which what it `needs` of the checkout is linked. All
    that it started is ended."""
    for name in needs:
        (folder / name).symlink_to(ROOT / name)
    with (folder / "out").open("w") as out:
        run = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            run.wait(120)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
    return run.returncode, (folder / "out").read_text()
