import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.processes import ProcessDiedError, Supervisor
from tests.e2e.wait import NotInTimeError, until

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import sys, signal
from tests.e2e.processes import Supervisor
with Supervisor() as supervisor:
    process = supervisor.start("sleeper", ["sleep", "600"])
    print(process.handle.pid, supervisor.folder, flush=True)
    signal.pause()
"""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_behind_however_the_run_ends(number):
    with subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        pid, folder = run.stdout.readline().split()
        assert alive(pid)
        assert Path(folder).is_dir()
        os.kill(run.pid, number)
        run.wait(20)
    until("the process gone", lambda: not alive(pid), seconds=20)
    until("the folder gone", lambda: not Path(folder).exists(), seconds=20)


def test_a_process_that_ends_while_it_should_become_ready_is_reported_with_its_log():
    with Supervisor() as supervisor:
        process = supervisor.start("broken", ["sh", "-c", "echo no such flag; exit 3"])
        with pytest.raises(ProcessDiedError, match=r"(?s)broken ended with code 3.*no such flag"):
            supervisor.ready(process, lambda: False, seconds=20)


def test_a_process_that_ignores_the_signal_is_killed(monkeypatch):
    monkeypatch.setattr("tests.e2e.processes.STOP_SECONDS", 0.1)
    with Supervisor() as supervisor:
        process = supervisor.start("deaf", ["sh", "-c", "trap '' TERM; echo up; sleep 600 & wait; sleep 600"])
        supervisor.ready(process, lambda: "up" in process.log.read_text(), seconds=20)
    assert process.handle.returncode == -signal.SIGKILL


def test_waiting_in_vain_says_what_was_seen_last():
    with pytest.raises(NotInTimeError, match="pods ready: not within 0 s\n2 of 3"):
        until("pods ready", lambda: None, seconds=0, seen=lambda: "2 of 3")


def test_a_scope_ends_what_was_started_in_it_and_nothing_else():
    with Supervisor() as supervisor:
        outside = supervisor.start("outside", ["sleep", "600"])
        with supervisor.scope():
            inside = supervisor.start("inside", ["sleep", "600"])
        assert inside.handle.returncode is not None
        outside.assert_runs()
