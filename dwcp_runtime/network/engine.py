"""What the agent asks of the transfer engine, and what it tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from charts_py.contract.dwcp import AgentConfig
from dwcp_runtime.network.order import Order
from dwcp_runtime.network.peers import Peers
from dwcp_runtime.transport.progress import Progress


class Outgoing(Protocol):
    """One transfer that sends."""

    def progress(self) -> Progress:
        """How it stands."""

    async def run(self) -> Progress:
        """To the end. Raises nothing but CancelledError: the outcome is in the progress."""

    def cancel(self) -> None:
        """Tell the peer and end. Repeatable; `run` returns soon after."""


class Incoming(Protocol):
    """Every transfer that receives."""

    def progress(self) -> Sequence[Progress]:
        """Running and lately ended ones."""

    def drain(self) -> None:
        """Tell peers to finish nothing new here, and refuse new transfers. Repeatable."""

    async def wait_idle(self) -> None:
        """Until no transfer runs."""


class Engine(Protocol):
    """Sends, receives and listens. `port` is where it listens, once it does."""

    incoming: Incoming
    port: int

    async def listen(self) -> None:
        """Take connections. Raises OSError where the address cannot be had."""

    def send(self, order: Order) -> Outgoing:
        """A transfer that is ready to run, with the settings of this moment."""

    def configure(self, config: AgentConfig, peers: Peers) -> None:
        """Settings and allow list for what begins from now on. Running transfers keep theirs, but a peer that
        is no longer listed gets no new connection."""

    def load_certificates(self) -> None:
        """Read certificate, key and authorities again for connections from now on.

        Raises CertificateError, and then the ones in use stay.
        """

    async def close(self) -> None:
        """Stop listening and drop every connection. Repeatable."""


class CertificateError(Exception):
    """Certificate, key or authorities cannot be used. The text says which file, why, and what to do."""
