import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from dwcp_runtime.consensus import etcd_process
from dwcp_runtime.consensus.etcd_process import parse_line

ROOT = Path(__file__).parents[2]
PATIENT = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"]
LOUD = [sys.executable, "-c", "import sys; print('panic: no', file=sys.stderr); sys.exit(3)"]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until_gone(pid):
    end = time.monotonic() + 20
    while alive(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_process_ends_in_good_order_and_takes_its_pid_file_along(tmp_path, run):
    async def work():
        process = await etcd_process.start(PATIENT, pid_file=tmp_path / "pid")
        assert (tmp_path / "pid").read_text().split()[0] == str(process.pid)
        assert await process.stop() == -signal.SIGTERM
        assert not (tmp_path / "pid").exists()

    run(work())


def test_a_process_that_does_not_end_is_killed(tmp_path, run):
    async def work():
        process = await etcd_process.start(DEAF, pid_file=tmp_path / "pid")
        await asyncio.sleep(0.5)
        assert await process.stop(seconds=0.2) == -signal.SIGKILL

    run(work())


def test_the_last_words_of_a_process_are_kept(tmp_path, run):
    async def work():
        process = await etcd_process.start(LOUD, pid_file=tmp_path / "pid")
        assert await process.wait() == 3
        assert process.last_words == "panic: no"

    run(work())


def test_a_process_dies_with_its_agent_even_if_that_is_killed(tmp_path):
    program = (
        "import asyncio, pathlib, sys, time\n"
        "from dwcp_runtime.consensus import etcd_process\n"
        "async def work():\n"
        "    process = await etcd_process.start(sys.argv[2:], pid_file=pathlib.Path(sys.argv[1]))\n"
        "    print(process.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(work())\n"
    )
    agent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "pid"), *PATIENT],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert agent.stdout is not None
    pid = int(agent.stdout.readline())
    assert alive(pid)
    agent.kill()
    agent.communicate()
    until_gone(pid)


def test_a_process_that_outlived_its_agent_is_ended_by_its_pid_file(tmp_path, run):
    orphan = subprocess.Popen(PATIENT)
    try:
        stat = Path(f"/proc/{orphan.pid}/stat").read_text().rpartition(")")[2].split()
        (tmp_path / "pid").write_text(f"{orphan.pid} {stat[19]}\n")
        assert run(etcd_process.end_orphan(tmp_path / "pid"))
        assert not alive(orphan.pid)
        assert not (tmp_path / "pid").exists()
    finally:
        orphan.kill()
        orphan.wait()


def test_another_process_with_the_same_number_is_left_alone(tmp_path, run):
    other = subprocess.Popen(PATIENT)
    try:
        for content in (f"{other.pid} 1\n", f"{other.pid}\n", "nonsense", ""):
            (tmp_path / "pid").write_text(content)
            assert not run(etcd_process.end_orphan(tmp_path / "pid"))
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_line_of_etcds_log_keeps_its_level_and_its_fields():
    line = b'{"level":"warn","ts":"x","caller":"y","msg":"slow","took":"1s"}\n'
    assert parse_line(line) == (logging.WARNING, "slow", {"took": "1s"})
    assert parse_line(b"panic: x\n") == (logging.ERROR, "panic: x", {})
    assert parse_line(b"[1]\n")[0] == logging.ERROR
