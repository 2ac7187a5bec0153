"""Starts the own etcd as its way up has decided."""

from __future__ import annotations

from dwcp_runtime.consensus import etcd_process
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.etcd_command import MemberCommand
from dwcp_runtime.consensus.etcd_process import EtcdProcess
from dwcp_runtime.consensus.etcd_tools import EtcdTools
from dwcp_runtime.consensus.options import Options
from dwcp_runtime.consensus.startup import Ready
from dwcp_runtime.network import logs

_log = logs.logger("consensus")


async def start_member(options: Options, ready: Ready, *, data: DataDir, tools: EtcdTools) -> EtcdProcess:
    """Raises OSError if etcd can't be started."""
    me, tls = options.me, options.tls is not None
    command = MemberCommand(
        etcd=tools.etcd,
        version=tools.version,
        name=me.name,
        data=data.etcd,
        peer_url=me.peer_url(tls=tls),
        client_url=me.client_url(tls=tls),
        listen=options.listen,
        peer_port=me.peer_port,
        client_port=me.client_port,
        cluster=ready.cluster,
        state=ready.state,
        epoch=ready.epoch,
        timings=ready.timings,
        tls=options.tls,
        synced=options.synced,
    )
    process = await etcd_process.start(command.words(), pid_file=data.pid_file)
    logs.event(
        _log,
        "etcd-started",
        pid=process.pid,
        state=ready.state,
        epoch=ready.epoch,
        heartbeat_ms=ready.timings.heartbeat_ms,
        election_ms=ready.timings.election_ms,
    )
    return process
