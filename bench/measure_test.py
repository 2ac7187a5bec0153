import sys
from pathlib import Path

import pytest

from bench.measure import CommandError, measure

_MEGABYTE = 1_000_000


def test_memory_is_that_of_a_command_with_what_it_starts(tmp_path: Path) -> None:
    child = "block = bytearray(60_000_000); input()"
    program = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdin=subprocess.PIPE)\n"
        "block = bytearray(60_000_000)\n"
        # The child is looked at until it has its memory, and then some: more than one look of the watch.
        "import pathlib\n"
        "statm = pathlib.Path(f'/proc/{child.pid}/statm')\n"
        "looks = 0\n"
        "while looks < 20000: looks += int(statm.read_text().split()[1]) * 4096 > 60_000_000\n"
        "child.communicate(b'\\n')\n"
    )

    run = measure([sys.executable, "-c", program], output=tmp_path / "out", limit_s=60)

    assert run.peak_bytes > 120 * _MEGABYTE
    assert not run.cut


def test_what_takes_longer_than_the_limit_is_ended_and_said_to_be(tmp_path: Path) -> None:
    run = measure(
        [sys.executable, "-c", "import signal; signal.pause()"], output=tmp_path / "out", limit_s=0.5
    )

    assert run.cut


def test_a_command_that_fails_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such region"):
        measure(
            [sys.executable, "-c", "raise SystemExit('no such region')"], output=tmp_path / "out", limit_s=60
        )
