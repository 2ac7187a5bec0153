"""What is left of a group: members that answer, the own disk, snapshots. Input of a recovery plan."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dwcp_runtime.consensus import group_keys, snapshot_files, write_ahead_log
from dwcp_runtime.consensus.data_dir import DataDir
from dwcp_runtime.consensus.gateway import Contexts, Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.gateway_text import prefix_end
from dwcp_runtime.consensus.options import Options
from dwcp_runtime.consensus.peer_map import PeerAddress
from dwcp_runtime.consensus.recovery import Survivor

SEGMENTS: Final = 3
"""Segments of a log that are read from its end: the last entry is in the last one or just before it."""

LOOK_SECONDS: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class Left:
    """What is left. `leader`: one that any member still knows of."""

    voters: tuple[str, ...] = ()
    learners: tuple[str, ...] = ()
    leader: str | None = None
    survivors: tuple[Survivor, ...] = ()
    problems: tuple[str, ...] = field(default=())


async def look(
    options: Options, data: DataDir, *, etcdutl: Path, contexts: Contexts, snapshots: Iterable[Path] = ()
) -> Left:
    """Ask every member that answers, and read the own disk and the snapshots there and in `snapshots`."""
    answers = await asyncio.gather(*(_member(peer, options, contexts) for peer in options.peers.members))
    found = [answer for answer in answers if answer is not None]
    state = data.state()
    voters, learners, leader = state.voters, state.learners, None
    survivors = [survivor for _, survivor in found]
    for left, _ in found:
        # A member's own list, as far as it got.
        voters, learners = left.voters or voters, left.learners
        leader = leader or left.leader
    problems: list[str] = []
    if data.has_log() and all(survivor.name != options.me.name for survivor in survivors):
        survivors.append(await _disk(options, data, etcdutl))
    for snapshot in snapshot_files.stored(data.snapshots):
        survivors.append(
            Survivor(
                kind="snapshot",
                name=snapshot.member,
                path=str(snapshot.path),
                intact=await store_revision(etcdutl, snapshot.path) is not None,
                epoch=snapshot.epoch,
                revision=snapshot.status.revision,
                age=max(0.0, time.time() - snapshot.status.taken_at),
            )
        )
    for path in snapshots:
        revision = await store_revision(etcdutl, path)
        if revision is None:
            problems.append(f"{path} is no snapshot that etcdutl can read")
        survivors.append(
            Survivor(
                kind="snapshot",
                name=options.me.name,
                path=str(path),
                intact=revision is not None,
                epoch=state.epoch or 1,
                revision=revision or 0,
            )
        )
    return Left(
        voters=voters,
        learners=learners,
        leader=leader,
        survivors=tuple(survivors),
        problems=tuple(problems),
    )


async def store_revision(etcdutl: Path, path: Path) -> int | None:
    """The revision of a database or a snapshot; None if etcdutl can't read it."""
    process = await asyncio.create_subprocess_exec(
        str(etcdutl),
        "snapshot",
        "status",
        str(path),
        "--write-out=json",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    told, _ = await process.communicate()
    try:
        return int(json.loads(told)["revision"]) if process.returncode == 0 else None
    except (ValueError, KeyError, TypeError):
        return None


async def _member(peer: PeerAddress, options: Options, contexts: Contexts) -> tuple[Left, Survivor] | None:
    url = peer.client_url(tls=options.tls is not None)
    async with Gateway(url, contexts, timeout=LOOK_SECONDS) as gateway:
        try:
            status = await gateway.status()
            prefix = group_keys.PREFIX
            read = await gateway.range(prefix, prefix_end(prefix), serializable=True)
            entries = () if status.learner else await gateway.members(linearizable=False)
        except GatewayError:
            return None
    names = {entry.id: entry.name for entry in entries}
    left = Left(
        voters=tuple(sorted(entry.name for entry in entries if not entry.learner)),
        learners=tuple(sorted(entry.name for entry in entries if entry.learner and entry.name)),
        leader=names.get(status.leader, f"{status.leader:x}") if status.leader else None,
    )
    own = peer.name == options.me.name
    survivor = Survivor(
        kind="data-dir",
        name=peer.name,
        path=str(options.data / "etcd") if own else f"the data of {peer.name}",
        intact=True,
        epoch=group_keys.agreed(read.kvs).epoch,
        voter=not status.learner,
        revision=status.revision,
        raft_term=status.term,
        raft_index=status.raft_index,
    )
    return left, survivor


async def _disk(options: Options, data: DataDir, etcdutl: Path) -> Survivor:
    segments = sorted((data.etcd / "member" / "wal").glob("*.wal"))[-SEGMENTS:]
    end = write_ahead_log.end_of([segment.read_bytes() for segment in segments])
    revision = await store_revision(etcdutl, data.etcd / "member" / "snap" / "db")
    state = data.state()
    return Survivor(
        kind="data-dir",
        name=options.me.name,
        path=str(data.etcd),
        intact=revision is not None and end.index > 0,
        epoch=state.epoch or 1,
        voter=options.me.name not in state.learners,
        revision=revision or 0,
        raft_term=end.term,
        raft_index=end.index,
    )
