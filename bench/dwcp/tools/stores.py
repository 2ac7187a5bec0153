"""Tools that keep chunks in a store: both ends know the old version's, the new file is restored from it.

Each is a script of several commands; what is measured is all of them, until the file lies at the receiver.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.dwcp.transfer import Plan, Task, Tool

_PASSWORD: Final = "benchmark"


def casync(task: Task) -> Plan:
    """Chunks of the new version into a store, rsync carries what the other store lacks, the receiver puts the
    file together."""
    kept, mine = task.prepared / "casync", task.scratch / "casync"

    def make_first(folder: Path) -> None:
        _run("casync", "make", f"--store={folder / 'a.castr'}", folder / "v1.caibx", task.old)

    def prepare() -> None:
        _once(kept, make_first)
        shutil.copytree(kept, mine)
        shutil.copytree(kept / "a.castr", mine / "b" / "a.castr")

    store, index = mine / "a.castr", mine / "v2.caibx"
    there = mine / "b"
    extract = f"casync extract --store={there / 'a.castr'} {there / 'v2.caibx'} {task.target}"
    script = [
        shlex.join(["casync", "make", f"--store={store}", str(index), str(task.source)]),
        shlex.join(
            [
                "rsync",
                "-a",
                "-e",
                task.ssh.shell(task.port),
                str(store),
                str(index),
                f"{_host(task)}:{there}/",
            ]
        ),
        shlex.join([*task.ssh.client(task.port), _host(task), extract]),
    ]
    return _plan(task, script, prepare, os.environ)


def borg(task: Task) -> Plan:
    """An archive of the new version in the receiver's repository, which has one of the old."""
    kept, mine = task.prepared / "borg", task.scratch / "borg"
    create = ("borg", "create", "--compression", "zstd,3")

    def environment(folder: Path) -> dict[str, str]:
        return {
            **os.environ,
            "BORG_BASE_DIR": str(folder / "home"),
            # The repository of the preparation is reached by a path, and later copied: it is the same one.
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
            "BORG_RSH": task.ssh.shell(task.port),
        }

    def make_first(folder: Path) -> None:
        _run("borg", "init", "--encryption=none", folder / "repository", environment=environment(folder))
        _run(*create, f"{folder / 'repository'}::v1", task.old, environment=environment(folder))

    def prepare() -> None:
        _once(kept, make_first)
        shutil.copytree(kept, mine)

    there = mine / "repository"
    inside = str(task.source).lstrip("/")
    extract = (
        f"BORG_BASE_DIR={mine / 'home-b'} BORG_RELOCATED_REPO_ACCESS_IS_OK=yes "
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes "
        f"borg extract --stdout {there}::v2 {shlex.quote(inside)} > {task.target}"
    )
    script = [
        shlex.join([*create, f"ssh://{_host(task)}:{task.port}{there}::v2", str(task.source)]),
        shlex.join([*task.ssh.client(task.port), _host(task), extract]),
    ]
    return _plan(task, script, prepare, environment(mine))


def restic(task: Task) -> Plan:
    """A snapshot of the new version in the receiver's repository, which has one of the old."""
    kept, mine = task.prepared / "restic", task.scratch / "restic"

    def environment(folder: Path) -> dict[str, str]:
        return {**os.environ, "RESTIC_PASSWORD": _PASSWORD, "RESTIC_CACHE_DIR": str(folder / "cache")}

    def make_first(folder: Path) -> None:
        repository = ("restic", "-q", "-r", str(folder / "repository"))
        _run(*repository, "init", environment=environment(folder))
        _run(*repository, "backup", task.old, environment=environment(folder))

    def prepare() -> None:
        _once(kept, make_first)
        shutil.copytree(kept, mine)

    there = mine / "repository"
    dump = (
        f"RESTIC_PASSWORD={_PASSWORD} RESTIC_CACHE_DIR={mine / 'cache-b'} "
        f"restic -q -r {there} dump latest {shlex.quote(str(task.source))} > {task.target}"
    )
    sftp = f"sftp.command={task.ssh.shell(task.port)} {_host(task)} -s sftp"
    backup = ["restic", "-q", "-r", f"sftp:{_host(task)}:{there}", "-o", sftp, "backup", str(task.source)]
    script = [shlex.join(backup), shlex.join([*task.ssh.client(task.port), _host(task), dump])]
    return _plan(task, script, prepare, environment(mine))


def _plan(task: Task, script: list[str], prepare: Callable[[], None], environment: Mapping[str, str]) -> Plan:
    return Plan(
        server=task.ssh.server(task.line.b.address, task.port),
        client=["bash", "-e", "-c", "\n".join(script)],
        prepare=prepare,
        environment=environment,
    )


def _host(task: Task) -> str:
    return task.line.b.address


def _once(folder: Path, make: Callable[[Path], None]) -> None:
    if not folder.is_dir():
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished)
        unfinished.rename(folder)


def _run(*command: object, environment: Mapping[str, str] | None = None) -> None:
    words = [str(word) for word in command]
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    except subprocess.CalledProcessError as error:
        raise OSError(f"{shlex.join(words)}: {error.stderr.strip() or error}") from error


CASYNC: Final = Tool(
    name="casync, rsync",
    programs=("casync", "rsync", "ssh", "sshd"),
    plan=casync,
    version=("casync", "--version"),
)
BORG: Final = Tool(name="borg", programs=("borg", "ssh", "sshd"), plan=borg, version=("borg", "--version"))
RESTIC: Final = Tool(
    name="restic (SFTP)", programs=("restic", "ssh", "sshd"), plan=restic, version=("restic", "version")
)
