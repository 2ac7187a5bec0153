"""A recovery plan carried out on the disk of the member that holds its source, before its etcd starts.

Every step can be cut short: the plan lies in the data folder until the last one is done, and what was done is
done again or skipped. The new group gets another id by its token, and no revision that anybody ever saw.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from pathlib import Path
from typing import Final

from dwcp_runtime.consensus import etcd_process, recovery_plan_file, write_ahead_log, write_ahead_log_tail
from dwcp_runtime.consensus.data_dir import DataDir, State, sync_folder, write_synced
from dwcp_runtime.consensus.etcd_command import MemberCommand, cluster_token
from dwcp_runtime.consensus.etcd_tools import EtcdTools
from dwcp_runtime.consensus.founding_grant import GrantError, GrantStore, NoGrant
from dwcp_runtime.consensus.gateway import Contexts, Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.options import Options
from dwcp_runtime.consensus.recovery import RecoveryPlan
from dwcp_runtime.consensus.recovery_plan_file import BadPlanError
from dwcp_runtime.consensus.survivors import SEGMENTS
from dwcp_runtime.consensus.view import Timings
from dwcp_runtime.consensus.write_ahead_log_tail import LogTailError

ORDER: Final = "recover.json"
"""In the data folder: the plan that the agent is to carry out."""

REFUSED: Final = "recover.refused.json"
"""In the data folder: the plan that came too late."""

BUMP: Final = 1_000_000_000
"""How far revisions jump. Writes that are lost have had revisions, which were given out as fencing tokens:
none of them may be given out again. A thousand writes a second take eleven days to get so far."""

ALONE_SECONDS: Final = 60.0
"""How long the old data may take to start alone."""

_LONE_TIMINGS: Final = Timings(heartbeat_ms=100, election_ms=1000)


class RecoveryError(Exception):
    """A plan that can't be carried out. The text says why; the old data is where it was."""


def order(data: DataDir) -> RecoveryPlan | None:
    """The plan that waits to be carried out. Raises RecoveryError for a file that is none."""
    path = data.root / ORDER
    try:
        return recovery_plan_file.parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, BadPlanError) as error:
        raise RecoveryError(f"{path}: {error}") from error


def refuse(data: DataDir) -> None:
    """Put the plan away that must not be carried out."""
    (data.root / ORDER).replace(data.root / REFUSED)
    sync_folder(data.root)


async def carry_out(
    plan: RecoveryPlan,
    *,
    options: Options,
    data: DataDir,
    grant: GrantStore,
    tools: EtcdTools,
    contexts: Contexts,
) -> None:
    """Make the own disk the first member of the new group. Raises RecoveryError and DataDirError."""
    if isinstance(grant, NoGrant):
        raise RecoveryError(
            "without a grant nothing would keep the old members from coming back: start this agent with "
            "--founding-grant FILE"
        )
    state = data.state()
    if state.epoch == plan.epoch and data.has_log():
        _finish(data)
        return
    if (state.epoch or 0) >= plan.epoch:
        raise RecoveryError(
            f"the plan is for epoch {plan.epoch}, and this disk is of epoch {state.epoch} already: "
            "make a new plan"
        )
    restored = data.root / "etcd.restored"
    shutil.rmtree(restored, ignore_errors=True)
    source = Path(plan.source.path)
    if plan.source.kind == "data-dir":
        if plan.source.name != options.me.name:
            raise RecoveryError(f"its source is on {plan.source.name}: carry it out there")
        source = await _snapshot_of(options, data, tools, contexts)
    if not source.is_file():
        raise RecoveryError(f"{source} is not there: carry the plan out on the host that has it")
    await _restore(source, restored, plan.epoch, options, tools)
    state_after = State(instance=state.instance or data.name_disk(), epoch=plan.epoch, timings=state.timings)
    try:
        # From here on data of an older epoch can't vote again.
        await grant.record(holder=state_after.instance or options.me.name, epoch=plan.epoch)
    except GrantError as error:
        raise RecoveryError(f"{error}; nothing was changed") from error
    data.set_aside()
    restored.rename(data.etcd)
    sync_folder(data.root)
    data.write(state_after)
    _finish(data)


def _finish(data: DataDir) -> None:
    (data.root / ORDER).unlink(missing_ok=True)
    shutil.rmtree(data.root / "etcd.copy", ignore_errors=True)
    (data.root / "recovered.db").unlink(missing_ok=True)
    sync_folder(data.root)


async def _snapshot_of(options: Options, data: DataDir, tools: EtcdTools, contexts: Contexts) -> Path:
    """Everything that the own log holds, as a snapshot. A copy of the data is started alone for it: the log
    may hold more than the database does, and the data itself stays as it is in case that this fails."""
    copy, path = data.root / "etcd.copy", data.root / "recovered.db"
    shutil.rmtree(copy, ignore_errors=True)
    if not data.has_log():
        if path.is_file():
            # An attempt before this one has got so far as to move the old data away.
            return path
        raise RecoveryError(f"{data.etcd} holds no log")
    try:
        await asyncio.to_thread(shutil.copytree, data.etcd, copy)
    except OSError as error:
        raise RecoveryError(f"{data.etcd} can't be copied: {error.strerror}; nothing was changed") from error
    try:
        await asyncio.to_thread(_call_committed, copy)
    except (OSError, LogTailError) as error:
        raise RecoveryError(f"the log in {data.etcd} is not usable: {error}; nothing was changed") from error
    peer_port, client_port = _free_port(), _free_port()
    scheme = "http" if options.tls is None else "https"
    url = f"{scheme}://127.0.0.1:{client_port}"
    peer_url = f"{scheme}://127.0.0.1:{peer_port}"
    command = MemberCommand(
        etcd=tools.etcd,
        version=tools.version,
        name=options.me.name,
        data=copy,
        peer_url=peer_url,
        client_url=url,
        listen="127.0.0.1",
        peer_port=peer_port,
        client_port=client_port,
        cluster={options.me.name: peer_url},
        state="existing",
        epoch=1,
        timings=_LONE_TIMINGS,
        tls=options.tls,
        synced=options.synced,
        force_new=True,
    )
    process = await etcd_process.start(command.words(), pid_file=data.root / "recover.pid")
    try:
        async with Gateway(url, contexts) as gateway:
            await _until_leading(gateway, process)
            with path.open("wb") as file:
                async for piece in gateway.snapshot():
                    file.write(piece)
    except (GatewayError, OSError) as error:
        raise RecoveryError(f"the old data gave no snapshot: {error}; nothing was changed") from error
    finally:
        await process.stop()
    return path


async def _until_leading(gateway: Gateway, process: etcd_process.EtcdProcess) -> None:
    end = asyncio.get_running_loop().time() + ALONE_SECONDS
    while process.running and asyncio.get_running_loop().time() < end:
        try:
            status = await gateway.status()
            if status.leader == status.member_id and status.raft_applied >= status.raft_index:
                return
        except GatewayError:
            pass
        await asyncio.sleep(0.1)
    raise RecoveryError(
        f"the old data does not start alone: {process.last_words or 'no leader in time'}; nothing was changed"
    )


async def _restore(source: Path, target: Path, epoch: int, options: Options, tools: EtcdTools) -> None:
    peer_url = options.me.peer_url(tls=options.tls is not None)
    process = await asyncio.create_subprocess_exec(
        str(tools.etcdutl),
        "snapshot",
        "restore",
        str(source),
        f"--name={options.me.name}",
        f"--initial-cluster={options.me.name}={peer_url}",
        f"--initial-cluster-token={cluster_token(epoch)}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--data-dir={target}",
        f"--bump-revision={BUMP}",
        "--mark-compacted",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, problem = await process.communicate()
    if process.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        words = problem.decode(errors="replace").strip()[-300:]
        raise RecoveryError(f"etcdutl can't restore {source}: {words}; nothing was changed")


def _call_committed(folder: Path) -> None:
    """Let the log in `folder` say that all of it is committed."""
    segments = sorted((folder / "member" / "wal").glob("*.wal"))[-SEGMENTS:]
    contents = [segment.read_bytes() for segment in segments]
    end = write_ahead_log.end_of(contents)
    write_synced(segments[-1], write_ahead_log_tail.all_committed(contents[-1], last_index=end.index))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
