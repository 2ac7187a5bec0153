"""rclone by its SFTP backend, which keeps many requests under way."""

from __future__ import annotations

import os
from typing import Final

from bench.dwcp.transfer import Plan, Task, Tool


def plan(task: Task) -> Plan:
    """The whole file; no look at checksums, which would read it again at both ends."""
    options = {
        "--config": "",
        "--sftp-host": task.line.b.address,
        "--sftp-port": str(task.port),
        "--sftp-user": task.ssh.user,
        "--sftp-key-file": os.fspath(task.ssh.folder / "user"),
    }
    flags = [word for pair in options.items() for word in pair]
    client = ["rclone", "copyto", *flags, "--sftp-disable-hashcheck", "--ignore-times", "-q"]
    return Plan(
        server=task.ssh.server(task.line.b.address, task.port),
        client=[*client, os.fspath(task.source), f":sftp:{task.target}"],
    )


RCLONE: Final = Tool(
    name="rclone (SFTP)", programs=("rclone", "sshd"), plan=plan, version=("rclone", "version")
)
