import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from charts_py.commands import interrupts

ROOT = Path(__file__).parents[2]

DEAF = """
import os, signal, threading
from charts_py.commands import interrupts
interrupts._PATIENCE_SECONDS = {patience}
with interrupts.orderly():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        {then}
    threading.Event().wait()
"""


def deaf(patience: float, then: str) -> subprocess.CompletedProcess[str]:
    """A process that drops the exception of its first signal and waits forever."""
    return subprocess.run(
        [sys.executable, "-c", DEAF.format(patience=patience, then=then)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_run_that_misses_its_signal_ends_all_the_same():
    done = deaf(0.01, "pass")

    assert (done.returncode, done.stderr) == (143, f"{interrupts.MESSAGE}\n")


def test_a_second_signal_ends_a_run_at_once():
    assert deaf(1e6, "os.kill(os.getpid(), signal.SIGINT)").returncode == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_an_interrupt_with_the_shells_exit_code(number):
    with pytest.raises(KeyboardInterrupt) as raised, interrupts.orderly():
        os.kill(os.getpid(), number)

    assert raised.value.code == 128 + number


def test_the_handlers_of_the_caller_are_back_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with interrupts.orderly():
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_that_the_caller_ignores_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts.orderly():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
