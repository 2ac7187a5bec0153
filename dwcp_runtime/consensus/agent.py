"""The agent of one member: brings its etcd up, keeps it up, changes the group while its member leads."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import signal
import ssl
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from dwcp_runtime.consensus import current, describe, etcd_process, etcd_tools, group_keys, recover
from dwcp_runtime.consensus.bootstrap import GrantState
from dwcp_runtime.consensus.data_dir import DataDir, DataDirError
from dwcp_runtime.consensus.disk_time import DiskTime
from dwcp_runtime.consensus.etcd_command import MemberCommand
from dwcp_runtime.consensus.etcd_process import EtcdProcess
from dwcp_runtime.consensus.execute import execute
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import FileGrant, GrantError, GrantStore, NoGrant
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.gateway_text import mod_is, put_op
from dwcp_runtime.consensus.host import RefusedError
from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.http_server import HttpServer
from dwcp_runtime.consensus.lease_grant import LeaseGrant
from dwcp_runtime.consensus.membership import wish_refusal
from dwcp_runtime.consensus.observe import Observation, Observer, Own
from dwcp_runtime.consensus.options import EVERYWHERE, Options
from dwcp_runtime.consensus.policy import decide
from dwcp_runtime.consensus.restart import timings_to_take_up
from dwcp_runtime.consensus.round_trips import EVERY as MEASURE_EVERY
from dwcp_runtime.consensus.round_trips import RoundTrips
from dwcp_runtime.consensus.snapshots import SnapshotError, Snapshots
from dwcp_runtime.consensus.startup import DEFAULT_TIMINGS, NotYet, Ready, Startup
from dwcp_runtime.consensus.status_document import GroupStatus, Phase, SnapshotStatus
from dwcp_runtime.consensus.view import Memory, Timings
from dwcp_runtime.network import logs
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.tls_context import AUTHORITIES, TlsFolder

TURN: Final = 1.0
"""Seconds between two looks at the group."""

LOOK_AGAIN: Final = 2.0
"""Seconds between two attempts to start, while something is missing."""

QUICK: Final = 10.0
"""An etcd that ends within so many seconds of its start is started again with growing pauses."""

LONGEST_PAUSE: Final = 15.0

FENCE_EVERY: Final = 10.0
"""Seconds between two looks at whether the group was made anew without this member."""

HAND_OVER_SECONDS: Final = 5.0
"""How long leadership may take to go to another member before etcd is stopped anyway."""

_log = logs.logger("consensus")


class Outcome(StrEnum):
    """How an agent ended."""

    STOPPED = "stopped"
    DROPPED = "dropped"
    """A second signal came: etcd was killed."""


class Agent:
    """One agent from its start to its end. Raises DataDirError, EtcdVersionError, ToolError and DwcpError at
    its start."""

    def __init__(self, options: Options, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.options = options
        self._clock = clock
        self._tls = TlsFolder(options.tls, warn=self._bad_certificates) if options.tls is not None else None
        contexts = self._client_context
        tls = options.tls is not None
        self.gateway = Gateway(options.own_url, contexts)
        self.data = DataDir(options.data)
        self.grant = _grant_store(options)
        self._finder = GroupFinder(options.peers, me=options.me.name, contexts=contexts, tls=tls)
        self._observer = Observer(options.own_url, options.peers, contexts=contexts, clock=clock)
        self._startup = Startup(options.me, tls=tls, data=self.data, grant=self.grant, finder=self._finder)
        self._tools = etcd_tools.find(options.tools)
        self._round_trips = RoundTrips()
        self._disk_time = DiskTime()
        self.snapshots = Snapshots(self.data.snapshots, gateway=self.gateway, etcdutl=self._tools.etcdutl)
        self._stop = asyncio.Event()
        self._drop = asyncio.Event()
        self._memory = Memory()
        self._own = Own(timings=DEFAULT_TIMINGS)
        self._seen: Observation | None = None
        self._phase = Phase.STARTING
        self._waiting: tuple[str, ...] = ()
        self._leaders: list[int] = []
        self._fence_looked = float("-inf")
        self._snapshotting: asyncio.Task[None] | None = None
        self._record = False
        self._process: EtcdProcess | None = None
        self._http = HttpServer(HttpApi(self))

    async def run(self, *, signals: bool = True) -> Outcome:
        """Serve until a signal has come and etcd has ended."""
        self.data.open()
        self.snapshots.read()
        measuring = asyncio.create_task(self._measure())
        try:
            me = self.options.me
            host = None if self.options.listen == EVERYWHERE else me.host
            await self._http.open(host, me.http_port, me.metrics_port)
            await etcd_process.end_orphan(self.data.pid_file, told=self._tell_orphan)
            if signals:
                self._listen_to_signals()
            logs.event(
                _log,
                "serving",
                name=self.options.me.name,
                etcd=".".join(map(str, self._tools.version)),
                tls=self.options.tls is not None,
                data=str(self.options.data),
                http_port=self.options.me.http_port,
            )
            await self._live()
            outcome = Outcome.DROPPED if self._drop.is_set() else Outcome.STOPPED
            logs.event(_log, "ended", outcome=outcome.value)
            return outcome
        finally:
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)
            await self._close()

    def stop(self) -> None:
        """A signal to end came: the first hands leadership over and closes etcd, the second kills it."""
        if self._stop.is_set():
            self._drop.set()
        self._stop.set()

    def status(self) -> GroupStatus:
        """See Host."""
        state = self.data.state()
        seen = self._seen
        view = seen.view if seen is not None else None
        leader = view.member(view.leader) if view is not None else None
        return GroupStatus(
            name=self.options.me.name,
            phase=self._phase,
            role=describe.role(view, learner=seen is not None and seen.status.learner),
            member_id=seen.status.member_id if seen is not None else state.member_id,
            cluster_id=seen.status.cluster_id if seen is not None else state.cluster_id,
            epoch=state.epoch,
            leader=leader.name if leader is not None else None,
            term=seen.status.term if seen is not None else None,
            raft_index=seen.status.raft_index if seen is not None else None,
            leader_changes=max(0, len(self._leaders) - 1),
            members=describe.members(view) if view is not None else (),
            quorum=describe.quorum_of(view) if view is not None else None,
            wanted_voters=seen.agreed.voters if seen is not None else None,
            timings_running=describe.timing(self._own.timings) if self._process is not None else None,
            timings_wanted=describe.timing(seen.agreed.timings) if seen is not None else None,
            round_trips=dict(self._own.round_trips),
            db_size=seen.status.db_size if seen is not None else None,
            db_in_use=seen.status.db_in_use if seen is not None else None,
            etcd_version=".".join(map(str, self._tools.version)),
            ca_digest=self._own.ca_digest,
            ca_file_digest=self._own.ca_file_digest,
            commit_seconds=self._own.commit_seconds,
            last_snapshot=self.snapshots.newest,
            waiting_for=self._waiting,
        )

    async def want_voters(self, voters: int) -> None:
        """See Host."""
        refusal = wish_refusal(voters)
        if refusal is not None:
            raise RefusedError(refusal, allowed="1, 3, 5, 7, 9, 11")
        await self.gateway.put(group_keys.VOTERS, str(voters).encode())

    async def snapshot(self) -> SnapshotStatus:
        """See Host."""
        seen = self._seen
        if seen is None:
            raise RefusedError(
                f"the member does not run: {'; '.join(self._waiting) or self._phase.value}",
                allowed="a snapshot of a running voter",
            )
        if seen.status.learner:
            raise RefusedError(
                "the member is a learner, whose data every voter has", allowed="a snapshot of a voter"
            )
        try:
            taken = await self.snapshots.take(member=self.options.me.name, epoch=self.data.state().epoch or 1)
        except SnapshotError as error:
            raise RefusedError(str(error), allowed="another attempt") from error
        logs.event(_log, "snapshot", file=taken.name, revision=taken.revision, bytes=taken.size_bytes)
        return taken

    async def _live(self) -> None:
        """Start, attend, and start again, until told to stop."""
        pause = 0.0
        while not self._stop.is_set():
            ready = await self._come_up()
            if ready is None:
                return
            begun = self._clock()
            try:
                process = await self._start(ready)
            except OSError as error:
                self._tell_waiting(NotYet(why=f"etcd can't be started: {error}"))
                await self._sleep(LOOK_AGAIN)
                continue
            planned = await self._attend(process)
            code = await process.stop()
            self._process, self._seen = None, None
            if self._stop.is_set():
                return
            self._phase = Phase.STARTING
            if ready.joined:
                self._startup.never_started()
            if planned:
                pause = 0.0
                continue
            self._waiting = (f"etcd ended ({code}): {process.last_words or 'without a word'}",)
            logs.event(_log, "etcd-ended", level=logging.WARNING, code=code, last_words=process.last_words)
            pause = min(LONGEST_PAUSE, pause * 2 or 0.5) if self._clock() - begun < QUICK else 0.0
            await self._sleep(pause)

    async def _come_up(self) -> Ready | None:
        """Go through the steps of a start until etcd can be started; None when told to stop."""
        while not self._stop.is_set():
            if not await self._recovered():
                await self._sleep(LOOK_AGAIN)
                continue
            try:
                step = await self._startup.step()
            except DataDirError as error:
                step = NotYet(why=str(error))
            if isinstance(step, Ready):
                return step
            self._tell_waiting(step)
            if not step.again:
                await self._sleep(LOOK_AGAIN)
        return None

    async def _recovered(self) -> bool:
        """Carry out the recovery that was ordered, if any. False: it can't be, so nothing may start."""
        try:
            plan = recover.order(self.data)
            if plan is None:
                return True
            # With its epoch in the grant it has begun, and the members of the old group are fenced.
            begun = (await self.grant.read()).epoch >= plan.epoch
            if not begun and await self._finder.look() is not None:
                self._refuse_recovery()
                return True
            source = plan.source.path
            logs.event(_log, "recovering", level=logging.WARNING, epoch=plan.epoch, source=source)
            await recover.carry_out(
                plan,
                options=self.options,
                data=self.data,
                grant=self.grant,
                tools=self._tools,
                contexts=self._client_context,
            )
        except recover.RecoveryError as error:
            self._tell_waiting(NotYet(why=f"the recovery can't be carried out: {error}"))
            return False
        logs.event(_log, "recovered", level=logging.WARNING, epoch=plan.epoch)
        return True

    async def _start(self, ready: Ready) -> EtcdProcess:
        options, me = self.options, self.options.me
        tls = options.tls is not None
        command = MemberCommand(
            etcd=self._tools.etcd,
            version=self._tools.version,
            name=me.name,
            data=self.data.etcd,
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
        process = await etcd_process.start(command.words(), pid_file=self.data.pid_file)
        self._process = process
        self._record = ready.record
        self._own = replace(self._own, timings=ready.timings, ca_digest=self._ca_digest())
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

    async def _attend(self, process: EtcdProcess) -> bool:
        """Turn after turn while etcd runs. True: it is to be stopped by plan; False: it ended by itself."""
        ended = asyncio.create_task(process.wait())
        told = asyncio.create_task(self._stop.wait())
        try:
            while process.running and not self._stop.is_set():
                if await self._safe_turn() or await self._recovery_is_ordered():
                    return True
                await asyncio.wait({ended, told}, timeout=TURN, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                self._phase = Phase.STOPPING
                await self._until_dropped(self._hand_over())
                if self._drop.is_set():
                    await process.stop(seconds=0.0)
            return self._stop.is_set()
        finally:
            for task in (ended, told):
                task.cancel()
            await asyncio.gather(ended, told, return_exceptions=True)

    async def _safe_turn(self) -> bool:
        try:
            return await self._turn()
        except Exception as error:
            # A fault in a turn must not take a sound member down.
            logs.fault(_log, "turn-fault", error)
            return False

    async def _turn(self) -> bool:
        """One look and at most one action. True when etcd is to be started anew."""
        self._own = replace(
            self._own,
            ca_file_digest=self._ca_digest(),
            round_trips=self._round_trips.medians,
            commit_seconds=self._disk_time.seconds,
            snapshot_age=self.snapshots.age,
        )
        try:
            seen = await self._observer.look(self._own)
        except GatewayError as error:
            self._seen = None
            self._phase = Phase.STARTING
            self._waiting = (f"the own etcd does not answer: {error}",)
            return False
        self._seen = seen
        self._phase = Phase.RUNNING
        if seen.status.leader and seen.status.leader != (self._leaders[-1] if self._leaders else 0):
            self._leaders.append(seen.status.leader)
        try:
            await self._write_down(seen)
            if seen.view is None:
                self._waiting = ("a learner: it is promoted when it has caught up",)
                return await self._may_restart(seen)
            decision = decide(seen.view, self._memory)
            self._memory = decision.memory
            self._waiting = decision.reasons
            if decision.action is not None:
                stale = await current.ask(seen.view, self.gateway) if seen.view.leading else None
                if stale is not None:
                    logs.event(_log, "action-dropped", action=str(decision.action), why=stale)
                    self._waiting = (*decision.reasons, f"decides anew, since {stale}")
                    return False
                logs.event(_log, "action", action=str(decision.action))
                await execute(
                    decision.action, self.gateway, member=self._gateway_of, snapshot=self._begin_snapshot
                )
            return await self._may_restart(seen) or await self._is_outdated()
        except (GatewayError, GrantError, RefusedError, DataDirError, OSError) as error:
            self._waiting = (str(error),)
            logs.event(_log, "action-failed", level=logging.WARNING, error=str(error))
            return False

    async def _write_down(self, seen: Observation) -> None:
        """Remember on the disk which group and member this is; write into the grant that the group lives."""
        if not seen.status.leader:
            return
        state = self.data.update(
            member_id=seen.status.member_id,
            cluster_id=seen.status.cluster_id,
            epoch=self.data.state().epoch or 1,
            timings=self._own.timings,
            **_names(seen),
        )
        if seen.status.leader == seen.status.member_id and seen.agreed.epoch != (state.epoch or 1):
            # The group was made anew out of data that still says its old epoch.
            await self.gateway.put(group_keys.EPOCH, str(state.epoch).encode())
        if self._record and not seen.status.learner and state.epoch is not None:
            compare = [mod_is(group_keys.EPOCH, 0)]
            await self.gateway.txn(compare, [put_op(group_keys.EPOCH, str(state.epoch).encode())])
            grant = await self.grant.read()
            holder = grant.holder or state.instance or self.options.me.name
            await self.grant.record(holder=holder, epoch=max(state.epoch, grant.epoch))
            self._record = False
            logs.event(_log, "founding-recorded", epoch=state.epoch)

    async def _may_restart(self, seen: Observation) -> bool:
        """Whether it is this member's turn to take up new timings or a new authority."""
        own = self._own
        timings = timings_to_take_up(
            name=self.options.me.name,
            agreed=seen.agreed,
            view=seen.view,
            running=own.timings,
            same_ca=own.ca_digest == own.ca_file_digest,
        )
        if timings is None:
            return False
        if not seen.status.learner:
            # A quorum must confirm it. A learner can't ask one, and nobody misses it.
            allowed = (await self.gateway.range(group_keys.ROLLING)).kvs
            if not allowed or allowed[0].value != self.options.me.name.encode():
                return False
        self._take_up(timings)
        return True

    async def _recovery_is_ordered(self) -> bool:
        """Whether one is ordered that may be carried out: not while a quorum stands."""
        try:
            if recover.order(self.data) is None:
                return False
        except recover.RecoveryError:
            return False
        try:
            await self.gateway.range(group_keys.EPOCH)
        except GatewayError:
            return True
        self._refuse_recovery()
        return False

    def _refuse_recovery(self) -> None:
        recover.refuse(self.data)
        why = "a quorum stands again: the plan would throw away what was acknowledged since it was made"
        logs.event(_log, "recovery-refused", level=logging.ERROR, why=why, kept=recover.REFUSED)

    async def _is_outdated(self) -> bool:
        """Whether the group was made anew without this member, so that its etcd must not go on voting."""
        now = self._clock()
        if now - self._fence_looked < FENCE_EVERY:
            return False
        self._fence_looked = now
        own = self.data.state().epoch or 1
        grant = await self.grant.read()
        newest = grant.epoch if grant.state is GrantState.GIVEN else 0
        if self._seen is not None and not self._seen.status.leader:
            found = await self._finder.look()
            newest = max(newest, found.group.epoch if found is not None else 0)
        if newest <= own:
            return False
        logs.event(_log, "outdated", level=logging.WARNING, epoch=own, newest=newest)
        return True

    async def _begin_snapshot(self) -> None:
        """Take one while the turns go on."""
        if self._snapshotting is None or self._snapshotting.done():
            self._snapshotting = asyncio.create_task(self._snapshot_in_background())

    async def _snapshot_in_background(self) -> None:
        try:
            await self.snapshot()
        except (GatewayError, RefusedError, OSError) as error:
            logs.event(_log, "snapshot-failed", level=logging.WARNING, error=str(error))

    def _take_up(self, timings: Timings) -> None:
        self.data.update(timings=timings)
        logs.event(_log, "restarting", heartbeat_ms=timings.heartbeat_ms, election_ms=timings.election_ms)

    async def _measure(self) -> None:
        """Measure the lines to the other members and the own disk, again and again."""
        while True:
            view = self._seen.view if self._seen is not None else None
            others = {member.name for member in view.members if member.id != view.me} if view else set()
            peers = [peer for peer in self.options.peers.members if peer.name in others]
            try:
                await self._round_trips.measure(peers)
                if self._process is not None:
                    self._disk_time = self._disk_time.after(await self.gateway.metrics())
            except GatewayError:
                pass
            except Exception as error:
                # One failed measurement must not be the last.
                logs.fault(_log, "measuring-fault", error)
            await asyncio.sleep(MEASURE_EVERY)

    async def _hand_over(self) -> None:
        """Give leadership to the member that is closest, so that nobody waits for an election."""
        view = self._seen.view if self._seen is not None else None
        if view is None or not view.leading:
            return
        others = [m for m in view.voters if m.id != view.me and m.reachable]
        if not others:
            return
        to = max(others, key=lambda member: member.raft_index or 0)
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS):
                await self.gateway.move_leader(to.id)
            logs.event(_log, "handed-over", to=to.name)
        except (GatewayError, TimeoutError) as error:
            logs.event(_log, "not-handed-over", level=logging.WARNING, error=str(error))

    async def _until_dropped(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        dropped = asyncio.create_task(self._drop.wait())
        await asyncio.wait({task, dropped}, return_when=asyncio.FIRST_COMPLETED)
        for each in (task, dropped):
            each.cancel()
        await asyncio.gather(task, dropped, return_exceptions=True)

    def _gateway_of(self, member_id: int) -> Gateway | None:
        view = self._seen.view if self._seen is not None else None
        member = view.member(member_id) if view is not None else None
        address = self.options.peers.by_name(member.name) if member is not None else None
        if address is None:
            return None
        return self._observer.gateway(address.client_url(tls=self.options.tls is not None))

    def _tell_waiting(self, step: NotYet) -> None:
        if step.again:
            return
        self._phase = Phase.RETIRED if step.retired else Phase.JOINING if step.joining else Phase.WAITING
        if self._waiting != (step.why,):
            logs.event(_log, "waiting", phase=self._phase.value, why=step.why)
        self._waiting = (step.why,)

    def _tell_orphan(self, pid: int) -> None:
        logs.event(_log, "orphan-ended", level=logging.WARNING, pid=pid)

    def _bad_certificates(self, error: DwcpError) -> None:
        logs.event(_log, "reload-refused", level=logging.ERROR, what="certificates", error=error.message)

    def _client_context(self) -> ssl.SSLContext | None:
        return None if self._tls is None else self._tls.contexts().client

    def _ca_digest(self) -> str | None:
        if self.options.tls is None:
            return None
        try:
            return hashlib.sha256((self.options.tls / AUTHORITIES).read_bytes()).hexdigest()
        except OSError:
            return self._own.ca_digest

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _close(self) -> None:
        if self._process is not None:
            await self._process.stop()
        await self._http.close()
        await self.snapshots.close()
        await self._finder.close()
        await self._observer.close()
        await self.gateway.close()
        self.data.close()


def _names(seen: Observation) -> dict[str, tuple[str, ...]]:
    if seen.view is None:
        return {}
    return {
        "voters": tuple(member.name for member in seen.view.voters),
        "learners": tuple(member.name for member in seen.view.learners if member.name),
    }


def _grant_store(options: Options) -> GrantStore:
    if options.grant is not None:
        return FileGrant(options.grant)
    if options.api_server is not None and options.namespace is not None:
        return LeaseGrant(options.api_server, namespace=options.namespace)
    return NoGrant()
