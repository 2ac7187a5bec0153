"""What the agent asks of the transfer engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from charts_py.contract.dwcp import AgentConfig
from dwcp_runtime.network.order import Order
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.progress import Progress
from dwcp_runtime.transport.tls_context import TlsContexts


class NotTakenError(Exception):
    """A transfer that is not started now. Nothing is wrong with the order itself."""


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

    async def serve(self, channel: Channel, peer: str, *, welcomed: Callable[[], None]) -> None:
        """Speak with one connection until it ends. `peer` is the region that it proved to be, or its address
        without TLS. `welcomed` is called when the peer has said something sensible: until then it counts
        among the strangers, whose time is short. Raises DwcpError for what ended it."""

    async def refuse(self, channel: Channel, problem: DwcpError) -> None:
        """Tell a stranger why he may not come in."""

    def drain(self) -> None:
        """Begin nothing new: who wants to is told to come back later. What runs goes on, and its sender is
        told nothing before `interrupt`. Repeatable."""

    async def wait_idle(self) -> None:
        """Until no transfer runs."""

    async def interrupt(self) -> None:
        """Tell the senders of what runs to come back later, keep what they sent, and wait for their end."""


class Engine(Protocol):
    """Sends and receives."""

    @property
    def incoming(self) -> Incoming:
        """What others send."""

    def send(self, order: Order) -> Outgoing:
        """A transfer that is ready to run, with the settings of this moment. Raises NotTakenError."""

    def configure(self, config: AgentConfig) -> None:
        """Settings for what begins from now on; running transfers keep theirs."""

    async def close(self) -> None:
        """Give back threads and files. Nothing runs any more. Repeatable."""


@dataclass(frozen=True, kw_only=True)
class EngineParts:
    """What an engine is made from. `root`: the folder that files arrive in. `contexts`: asked for every
    connection that it dials; None is no TLS."""

    config: AgentConfig
    root: Path
    contexts: Callable[[], TlsContexts] | None


MakeEngine = Callable[[EngineParts], Engine]
