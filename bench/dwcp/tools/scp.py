"""scp, as OpenSSH has it: SFTP inside SSH, one connection."""

from __future__ import annotations

import os
from typing import Final

from bench.dwcp.transfer import Plan, Task, Tool


def plan(task: Task) -> Plan:
    """The whole file."""
    to = f"{task.line.b.address}:{task.target}"
    return Plan(
        server=task.ssh.server(task.line.b.address, task.port),
        client=["scp", "-q", "-P", str(task.port), *task.ssh.options(), os.fspath(task.source), to],
    )


SCP: Final = Tool(name="scp", programs=("scp", "sshd"), plan=plan, version=("ssh", "-V"))
