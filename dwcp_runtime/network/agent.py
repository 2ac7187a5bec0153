"""The node agent: wires configuration, certificates, gate, engine, admin port and signals together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, Final

from charts_py.contract.dwcp import AgentConfig
from dwcp_runtime.network import logs, path_mtu
from dwcp_runtime.network.admin import MOST_FOLLOWERS, Admin, AdminServer
from dwcp_runtime.network.admin_access import Access
from dwcp_runtime.network.config import load_config
from dwcp_runtime.network.config_error import ConfigError, Mistake
from dwcp_runtime.network.data_folder import DataFolder
from dwcp_runtime.network.engine import EngineParts, MakeEngine
from dwcp_runtime.network.gate import Gate
from dwcp_runtime.network.ledger import Ledger
from dwcp_runtime.network.links import links
from dwcp_runtime.network.metrics import AgentCollector, registry
from dwcp_runtime.network.options import Options
from dwcp_runtime.network.path_mtu import PathMtu
from dwcp_runtime.network.peers import Peers
from dwcp_runtime.network.readiness import Readiness
from dwcp_runtime.network.reload import EVERY, Apply, Reloader
from dwcp_runtime.network.shutdown import Shutdown, Step
from dwcp_runtime.network.token_file import TokenFileError, read_token
from dwcp_runtime.network.transfers import Transfers
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.tls_context import TlsFolder

TICK: Final = 1.0
"""Seconds between two looks at the transfers and at the end of the grace period."""

PATHS_EVERY: Final = 60.0
"""Seconds between two looks at the paths to the peers."""

PATIENCE: Final = 2.0
"""Seconds that transfers have to end after they were cut."""

_log = logs.logger("agent")


class Outcome(StrEnum):
    """How an agent ended."""

    DRAINED = "drained"
    CUT = "cut"
    """The grace period was over, and transfers still ran. They go on where they stopped."""
    DROPPED = "dropped"
    """A second signal came."""


class Agent:
    """One agent from its start to its end, on one event loop.

    Made with a configuration that is sound; certificates and token are read here. Raises the typed error `io`
    and TokenFileError where those are not. `clock` gives seconds and never goes back.
    """

    def __init__(
        self,
        options: Options,
        config: AgentConfig,
        make_engine: MakeEngine,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options
        self.config = config
        self.peers = Peers.of(config)
        self.readiness = Readiness()
        self.paths: dict[str, PathMtu] = {}
        self._clock = clock
        self._tls = TlsFolder(options.tls, warn=self._bad_certificates) if options.tls is not None else None
        self._token = read_token(options.token_file) if options.token_file is not None else None
        contexts = self._tls.contexts if self._tls is not None else None
        self.engine = make_engine(EngineParts(config=config, root=options.data, contexts=contexts))
        self.transfers = Transfers(self.engine.send, self.engine.incoming)
        self.ledger = Ledger(packet=config.networking.mtu, regions=_regions(self.peers))
        self.collector = AgentCollector(
            ledger=self.ledger,
            observe=self._observe,
            readiness=self.readiness,
            paths=self.paths,
            configured_mtu=lambda: self.config.networking.mtu,
        )
        self.gate = Gate(
            host=options.listen.host,
            port=options.listen.port,
            contexts=contexts,
            peers=lambda: self.peers,
            incoming=self.engine.incoming,
        )
        self.admin = AdminServer(
            Admin(
                readiness=self.readiness,
                transfers=self.transfers,
                registry=registry(self.collector),
                folder=DataFolder(root=options.data),
                peers=lambda: self.peers,
                access=lambda: Access(token=self._token, host_network=self.config.networking.host_network),
                links=lambda: links(self.peers, self.paths, self.ledger, self.config.networking.mtu),
                followers=asyncio.Semaphore(MOST_FOLLOWERS),
            )
        )
        self._shutdown = Shutdown(grace=options.grace)
        self._end: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reloading = asyncio.Lock()
        self._reloaders = [
            Reloader(
                "config",
                [options.config],
                read=self._read_config,
                refusals=(ConfigError,),
                failed=self._count_failure,
            )
        ]
        if options.token_file is not None:
            self._reloaders.append(
                Reloader(
                    "token",
                    [options.token_file],
                    read=self._read_token,
                    refusals=(TokenFileError,),
                    failed=self._count_failure,
                )
            )

    async def run(self, *, signals: bool = True) -> Outcome:
        """Serve until a signal has come and everything has ended. `signals`: whether to listen to the
        process' own. Raises OSError and the typed error `io` where a port cannot be had."""
        try:
            # First, so that probes get an answer while the rest begins.
            await self.admin.open(self.options.admin.host or None, self.options.admin.port)
            await self.gate.open()
            if signals:
                self._listen_to_signals()
            for every, work in (
                (TICK, self.tick),
                (EVERY, self.reload),
                (PATHS_EVERY, self.look_at_paths),
            ):
                self._background(_again_and_again(every, work))
            self.readiness.serving()
            logs.event(
                _log,
                "serving",
                region=self.config.region,
                environment=self.config.environment,
                port=self.gate.port,
                admin_port=self.admin.port,
                tls=self.options.tls is not None,
                peers=sorted(self.peers.by_region),
                data=str(self.options.data),
            )
            if not self.options.data.is_dir():
                # No reason to end: probes and metrics are of use without it, and a volume may come late.
                logs.event(
                    _log,
                    "data-folder-missing",
                    level=logging.ERROR,
                    data=str(self.options.data),
                    consequence="no transfer can succeed; mount a volume there or give --data",
                )
            outcome = await self._end
            if outcome is not Outcome.DRAINED:
                cut = await self.transfers.cut(patience=PATIENCE if outcome is Outcome.CUT else 0.0)
                logs.event(_log, "transfers-cut", level=logging.WARNING, outgoing=cut)
            logs.event(_log, "ended", outcome=outcome.value)
            return outcome
        finally:
            await self._close()

    def stop(self) -> None:
        """A signal to end came: the first one drains, the second one ends at once."""
        self._do(self._shutdown.signalled(self._clock()))

    async def tick(self) -> None:
        """Bring figures up to date, and end what drains for too long."""
        self._observe()
        self._do(self._shutdown.tick(self._clock()))

    async def reload(self, *, asked: bool = False) -> None:
        """Read what changed; everything if `asked`."""
        async with self._reloading:
            for reloader in self._reloaders:
                await reloader.look(asked=asked)
        if self._tls is not None:
            # It looks at its files whenever it is asked for contexts. Asking now tells of bad ones before
            # somebody connects.
            self._tls.contexts()

    async def look_at_paths(self) -> None:
        """Find out how large packets to each peer may be, and say where that is less than it should be."""
        peers = self.peers
        found = await asyncio.gather(*(path_mtu.look_up(peer.endpoint) for peer in peers.by_region.values()))
        for region, path in zip(peers.by_region, found, strict=True):
            before, self.paths[region] = self.paths.get(region), path
            if path == before:
                continue
            configured = self.config.networking.mtu
            narrow = path.narrower_than(configured)
            logs.event(
                _log,
                "path-mtu",
                level=logging.WARNING if narrow or path.mtu is None else logging.INFO,
                peer=region,
                endpoint=path.endpoint,
                path_mtu=path.mtu,
                configured_mtu=configured,
                reason=path.reason,
            )
        for region in self.paths.keys() - peers.by_region.keys():
            del self.paths[region]

    def _do(self, step: Step) -> None:
        match step:
            case Step.DRAIN:
                self.readiness.draining()
                self.transfers.drain()
                logs.event(_log, "draining", running=self.transfers.running, grace=self._shutdown.grace)
                self._background(self._until_idle())
            case Step.END:
                self._end.set_result(Outcome.DRAINED)
            case Step.CUT:
                self._end.set_result(Outcome.CUT)
            case Step.DROP:
                self._end.set_result(Outcome.DROPPED)

    async def _until_idle(self) -> None:
        await self.transfers.wait_idle()
        self._do(self._shutdown.idle())

    def _observe(self) -> None:
        self.ledger.observe(self._clock(), [(entry.id, entry.progress) for entry in self.transfers.entries()])

    def _read_config(self) -> Apply:
        config = load_config(self.options.config)
        if (config.environment, config.region) != (self.config.environment, self.config.region):
            message = (
                f"is for {config.environment}/{config.region}, but this agent is of "
                f"{self.config.environment}/{self.config.region}; restart it to move it"
            )
            raise ConfigError(str(self.options.config), [Mistake(message=message)])
        return lambda: self._use(config)

    def _use(self, config: AgentConfig) -> None:
        before, self.config, self.peers = self.peers, config, Peers.of(config)
        self.ledger.regions = _regions(self.peers)
        self.ledger.packet = config.networking.mtu
        self.engine.configure(config)
        self._background(self.look_at_paths())
        logs.event(
            _log,
            "configured",
            peers_added=sorted(self.peers.by_region.keys() - before.by_region.keys()),
            peers_removed=sorted(before.by_region.keys() - self.peers.by_region.keys()),
        )

    def _read_token(self) -> Apply:
        if self.options.token_file is None:
            raise TokenFileError("no token file was named")
        token = read_token(self.options.token_file)

        def use() -> None:
            self._token = token

        return use

    def _bad_certificates(self, error: DwcpError) -> None:
        self._count_failure("certificates")
        logs.event(_log, "reload-refused", level=logging.ERROR, what="certificates", error=error.message)

    def _count_failure(self, what: str) -> None:
        self.collector.reload_failures[what] += 1

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._background(self.reload(asked=True)))

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.gate.close()
        await self.transfers.cut(patience=0.0)
        with contextlib.suppress(Exception):
            await self.engine.close()
        await self.admin.close()


async def _again_and_again(every: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        try:
            await work()
        except Exception as error:
            # One failed look must not be the last.
            logs.fault(_log, "background-fault", error)
        await asyncio.sleep(every)


def _regions(peers: Peers) -> dict[str, str]:
    """Every spelling under which a transfer may name its peer, to the region."""
    return {
        **{region: region for region in peers.by_region},
        **{peer.endpoint: region for region, peer in peers.by_region.items()},
        **peers.names,
    }
