import sys
from pathlib import Path

import pytest

from bench.measure import CommandError, Started, measure

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


def test_memory_of_ours_is_not_taken_for_that_of_the_command(tmp_path: Path) -> None:
    ours = bytearray(300 * _MEGABYTE)

    with Started(["sleep", "60"], output=tmp_path / "out", interval_s=0.001) as sleeping:
        while not sleeping.peak_bytes:
            pass
        run = sleeping.stop(grace_s=5.0)

    assert run.peak_bytes < len(ours)


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


def test_a_server_that_has_ended_before_it_is_stopped_keeps_its_figures(tmp_path: Path) -> None:
    with Started([sys.executable, "-c", "sum(range(3_000_000))"], output=tmp_path / "out") as server:
        while server.running:
            pass
        run = server.stop(grace_s=5.0)

    assert run.cpu_s > 0


def test_a_server_that_does_not_end_when_asked_is_made_to(tmp_path: Path) -> None:
    program = (
        "import signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True)\n"
        "while True: signal.pause()\n"
    )
    output = tmp_path / "out"
    with Started([sys.executable, "-c", program], output=output) as server:
        while not output.read_bytes():
            pass
        server.stop(grace_s=0.1)

        assert not Path(f"/proc/{server.pid}").exists()
