"""One run at a time: a second one waits, and says for whom."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from charts_py.tree.tree_error import TreeError

_POLL_SECONDS = 0.1


class LockError(TreeError):
    """The lock could not be had."""


@contextlib.contextmanager
def run_lock(
    path: Path,
    *,
    say: Callable[[str], None],
    wait_seconds: float = 600,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold `path` (made if need be, `.novacron/lock` of the repository) for the time of the block.

    The kernel drops the lock when its holder dies, by `kill -9` too, and child processes do not inherit it.
    While another run holds it, `say` gets one line, once. Raises LockError after `wait_seconds`, or when the
    file can't be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LockError(
            f"{path}: cannot be opened for locking: {error.strerror}; make it a file that you can write, or "
            "remove it, and run again"
        ) from error
    try:
        deadline = now() + wait_seconds
        told = False
        while not _try_lock(descriptor, path):
            holder = _holder(descriptor)
            if now() >= deadline:
                raise LockError(
                    f"{path}: still held by {holder} after {wait_seconds:.0f} s; end that run, or try later"
                )
            if not told:
                say(f"waiting for {holder}, up to {wait_seconds:.0f} s")
                told = True
            pause(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # Closing alone would not free it while a child process is between its start and its own program.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _try_lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise LockError(f"{path}: this file system has no locks: {error.strerror}") from error
    return True


def _holder(descriptor: int) -> str:
    # The pid is written just after the lock is taken: for an instant there may be none, or the last one's.
    pid = os.pread(descriptor, 20, 0).strip()
    return f"another novacron run (pid {pid.decode()})" if pid.isdigit() else "another novacron run"
