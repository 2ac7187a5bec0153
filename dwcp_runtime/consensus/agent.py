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

from dwcp_runtime.consensus import etcd_process, etcd_tools, group_keys, recover
from dwcp_runtime.consensus.data_dir import DataDir, DataDirError
from dwcp_runtime.consensus.etcd_process import EtcdProcess
from dwcp_runtime.consensus.fence import Fence
from dwcp_runtime.consensus.find_group import GroupFinder
from dwcp_runtime.consensus.founding_grant import FileGrant, GrantStore, NoGrant
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.group_record import GroupRecord
from dwcp_runtime.consensus.hand_over import hand_over
from dwcp_runtime.consensus.host import RefusedError
from dwcp_runtime.consensus.http_api import HttpApi
from dwcp_runtime.consensus.http_server import HttpServer
from dwcp_runtime.consensus.known import Known
from dwcp_runtime.consensus.lease_grant import LeaseGrant
from dwcp_runtime.consensus.measurements import Measurements
from dwcp_runtime.consensus.membership import wish_refusal
from dwcp_runtime.consensus.observe import Observer
from dwcp_runtime.consensus.options import EVERYWHERE, Options
from dwcp_runtime.consensus.recovery_order import RecoveryOrders
from dwcp_runtime.consensus.snapshots import SnapshotError, Snapshots
from dwcp_runtime.consensus.start_member import start_member
from dwcp_runtime.consensus.startup import NotYet, Ready, Startup
from dwcp_runtime.consensus.status_document import GroupStatus, Phase, SnapshotStatus
from dwcp_runtime.consensus.turn import Turn
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
        name = options.me.name
        self.gateway = Gateway(options.own_url, contexts)
        self.data = DataDir(options.data)
        self.grant = _grant_store(options)
        self._tools = etcd_tools.find(options.tools)
        self._finder = GroupFinder(options.peers, me=name, contexts=contexts, tls=tls)
        self._observer = Observer(options.own_url, options.peers, contexts=contexts, clock=clock)
        self._startup = Startup(options.me, tls=tls, data=self.data, grant=self.grant, finder=self._finder)
        self._orders = RecoveryOrders(
            options,
            data=self.data,
            grant=self.grant,
            finder=self._finder,
            tools=self._tools,
            contexts=contexts,
        )
        self._record = GroupRecord(name, data=self.data, grant=self.grant, gateway=self.gateway)
        self._measurements = Measurements(options.peers, self.gateway)
        self.snapshots = Snapshots(self.data.snapshots, gateway=self.gateway, etcdutl=self._tools.etcdutl)
        self._stop = asyncio.Event()
        self._drop = asyncio.Event()
        self._known = Known()
        self._turn = Turn(
            name=name,
            known=self._known,
            gateway=self.gateway,
            observer=self._observer,
            record=self._record,
            fence=Fence(self.data, self.grant, self._finder, clock=clock),
            data=self.data,
            member=self._gateway_of,
            snapshot=self._begin_snapshot,
        )
        self._snapshotting: asyncio.Task[None] | None = None
        self._process: EtcdProcess | None = None
        self._http = HttpServer(HttpApi(self))

    async def run(self, *, signals: bool = True) -> Outcome:
        """Serve until a signal has come and etcd has ended."""
        self.data.open()
        self.snapshots.read()
        measuring = asyncio.create_task(self._measurements.run(self._known))
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
        return self._known.status(
            name=self.options.me.name,
            disk=self.data.state(),
            etcd_version=".".join(map(str, self._tools.version)),
            last_snapshot=self.snapshots.newest,
        )

    async def want_voters(self, voters: int) -> None:
        """See Host."""
        refusal = wish_refusal(voters)
        if refusal is not None:
            raise RefusedError(refusal, allowed="1, 3, 5, 7, 9, 11")
        await self.gateway.put(group_keys.VOTERS, str(voters).encode())

    async def snapshot(self) -> SnapshotStatus:
        """See Host."""
        seen = self._known.seen
        if seen is None:
            raise RefusedError(
                f"the member does not run: {'; '.join(self._known.waiting) or self._known.phase.value}",
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
                process = await start_member(self.options, ready, data=self.data, tools=self._tools)
            except OSError as error:
                self._tell_waiting(NotYet(why=f"etcd can't be started: {error}"))
                await self._sleep(LOOK_AGAIN)
                continue
            self._process, self._known.running, self._record.founding = process, True, ready.record
            self._known.own = replace(self._known.own, timings=ready.timings, ca_digest=self._ca_digest())
            planned = await self._attend(process)
            code = await process.stop()
            self._process = None
            self._known.ended()
            if self._stop.is_set():
                return
            self._known.phase = Phase.STARTING
            if ready.joined:
                self._startup.never_started()
            if planned:
                pause = 0.0
                continue
            self._known.waiting = (f"etcd ended ({code}): {process.last_words or 'without a word'}",)
            logs.event(_log, "etcd-ended", level=logging.WARNING, code=code, last_words=process.last_words)
            pause = min(LONGEST_PAUSE, pause * 2 or 0.5) if self._clock() - begun < QUICK else 0.0
            await self._sleep(pause)

    async def _come_up(self) -> Ready | None:
        """Go through the steps of a start until etcd can be started; None when told to stop."""
        while not self._stop.is_set():
            try:
                await self._orders.carry_out()
            except recover.RecoveryError as error:
                self._tell_waiting(NotYet(why=f"the recovery can't be carried out: {error}"))
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

    async def _attend(self, process: EtcdProcess) -> bool:
        """Turn after turn while etcd runs. True: it is to be stopped by plan; False: it ended by itself."""
        ended = asyncio.create_task(process.wait())
        told = asyncio.create_task(self._stop.wait())
        try:
            while process.running and not self._stop.is_set():
                if await self._safe_turn() or await self._orders.due(self.gateway):
                    return True
                await asyncio.wait({ended, told}, timeout=TURN, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                self._known.phase = Phase.STOPPING
                await self._until_dropped(hand_over(self._known.view, self.gateway))
                if self._drop.is_set():
                    await process.stop(seconds=0.0)
            return self._stop.is_set()
        finally:
            for task in (ended, told):
                task.cancel()
            await asyncio.gather(ended, told, return_exceptions=True)

    async def _safe_turn(self) -> bool:
        self._known.own = replace(
            self._known.own,
            ca_file_digest=self._ca_digest(),
            round_trips=self._measurements.round_trips.medians,
            commit_seconds=self._measurements.disk_time.seconds,
            snapshot_age=self.snapshots.age,
        )
        try:
            return await self._turn.take()
        except Exception as error:
            # A fault in a turn must not take a sound member down.
            logs.fault(_log, "turn-fault", error)
            return False

    async def _begin_snapshot(self) -> None:
        """Take one while the turns go on."""
        if self._snapshotting is None or self._snapshotting.done():
            self._snapshotting = asyncio.create_task(self._snapshot_in_background())

    async def _snapshot_in_background(self) -> None:
        try:
            await self.snapshot()
        except (GatewayError, RefusedError, OSError) as error:
            logs.event(_log, "snapshot-failed", level=logging.WARNING, error=str(error))

    async def _until_dropped(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        dropped = asyncio.create_task(self._drop.wait())
        await asyncio.wait({task, dropped}, return_when=asyncio.FIRST_COMPLETED)
        for each in (task, dropped):
            each.cancel()
        await asyncio.gather(task, dropped, return_exceptions=True)

    def _gateway_of(self, member_id: int) -> Gateway | None:
        member = self._known.member(member_id)
        address = self.options.peers.by_name(member.name) if member is not None else None
        if address is None:
            return None
        return self._observer.gateway(address.client_url(tls=self.options.tls is not None))

    def _tell_waiting(self, step: NotYet) -> None:
        if step.again:
            return
        if self._known.wait(step):
            logs.event(_log, "waiting", phase=self._known.phase.value, why=step.why)

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
            return self._known.own.ca_digest

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


def _grant_store(options: Options) -> GrantStore:
    if options.grant is not None:
        return FileGrant(options.grant)
    if options.api_server is not None and options.namespace is not None:
        return LeaseGrant(options.api_server, namespace=options.namespace)
    return NoGrant()
