import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from charts_py.tree import run_lock as module
from charts_py.tree.run_lock import LockError, run_lock

_HOLDER = """
import sys
from pathlib import Path
from charts_py.tree.run_lock import run_lock
with run_lock(Path(sys.argv[1]), say=print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / ".novacron" / "lock"


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(lock)],
        cwd=Path(module.__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_free_lock_is_had_in_silence_and_again(lock: Path) -> None:
    said: list[str] = []

    for _ in range(2):
        with run_lock(lock, say=said.append):
            assert lock.read_text() == f"{os.getpid()}\n"

    assert said == []


def test_a_second_run_says_once_for_whom_it_waits_and_gets_its_turn(
    lock: Path, holder: subprocess.Popen[str]
) -> None:
    said: list[str] = []
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            holder.communicate("")

    with run_lock(lock, say=said.append, pause=pause):
        assert lock.read_text() == f"{os.getpid()}\n"

    assert said == [f"waiting for another novacron run (pid {holder.pid}), up to 600 s"]


def test_waiting_has_an_end(lock: Path, holder: subprocess.Popen[str]) -> None:
    times = iter(range(100))

    with (
        pytest.raises(LockError, match=rf"still held by another novacron run \(pid {holder.pid}\) after 5 s"),
        run_lock(
            lock, say=lambda _: None, wait_seconds=5, now=lambda: float(next(times)), pause=lambda _: None
        ),
    ):
        pass


def test_a_killed_holder_leaves_the_lock_free(lock: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    said: list[str] = []

    with run_lock(lock, say=said.append):
        pass

    assert said == []


def test_a_child_process_that_still_has_the_file_open_does_not_keep_the_lock(lock: Path) -> None:
    said: list[str] = []
    with run_lock(lock, say=said.append):
        child = os.fork()
        if not child:
            signal.pause()
            os._exit(0)
    try:
        with run_lock(lock, say=said.append, wait_seconds=0):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    assert said == []


def test_a_link_in_place_of_the_lock_is_refused(lock: Path, tmp_path: Path) -> None:
    lock.parent.mkdir()
    lock.symlink_to(tmp_path / "precious")

    with pytest.raises(LockError, match="cannot be opened"), run_lock(lock, say=print):
        pass

    assert not (tmp_path / "precious").exists()
