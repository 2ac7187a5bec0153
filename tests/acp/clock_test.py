"""The step of one process's clock."""

import os
import subprocess
import sys
import time

import pytest

from tests.acp import clock
from tests.e2e.machine import BINARIES

LOOP = "import time\nwhile input(): print(time.time(), time.monotonic(), flush=True)"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="writing into another process needs root")


@pytest.fixture
def process():
    command = [sys.executable, "-c", LOOP]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.stdin.close()


def ask(process):
    process.stdin.write("now\n")
    process.stdin.flush()
    wall, monotonic = process.stdout.readline().split()
    return float(wall), float(monotonic)


@pytest.mark.parametrize("seconds", [3600, -86400])
def test_only_the_wall_clock_of_that_process_steps(process, seconds):

    before = ask(process)
    clock.step(process.pid, seconds)
    after = ask(process)
    assert after[0] - before[0] == pytest.approx(seconds, abs=5)
    assert 0 < after[1] - before[1] < 5
    assert time.time() == pytest.approx(before[0], abs=10)


def test_a_second_step_replaces_the_first(process):
    clock.step(process.pid, 3600)
    clock.step(process.pid, 0)
    assert ask(process)[0] == pytest.approx(ask(process)[1] + offset(), abs=5)


def offset():

    return time.time() - time.monotonic()


@pytest.mark.skipif(not (BINARIES / "etcd").exists(), reason="run `python tools/build.py consensus`")
def test_a_program_in_go_steps_too(tmp_path):
    command = [BINARIES / "etcd", "--data-dir", tmp_path / "data", "--listen-client-urls", "unix://c:1"]
    options = ["--advertise-client-urls", "unix://c:1", "--listen-peer-urls", "unix://p:2"]
    with subprocess.Popen(
        [*command, *options, "--log-level", "debug"], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as etcd:
        first = etcd.stderr.readline()
        clock.step(etcd.pid, 365 * 86400 * 3)
        year = int(first.split('"ts":"')[1][:4])
        for line in etcd.stderr:
            if f'"ts":"{year + 3}' in line:
                break
        else:
            pytest.fail("etcd never wrote a line with the stepped clock")
        etcd.kill()
        etcd.stderr.read()
