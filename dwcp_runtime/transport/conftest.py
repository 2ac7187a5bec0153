"""What tests of connections share: pairs of channels, and certificates of two authorities."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trustme
import uvloop

T = TypeVar("T")

HERE = "here.test.dwcp.novacron.io"
THERE = "there.test.dwcp.novacron.io"


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run under the event loop that agents use, and never for ever."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(asyncio.wait_for(coroutine, 20))


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected TCP sockets on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        left = socket.create_connection(server.getsockname())
        right, _ = server.accept()
    return left, right


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The authority that both agents trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def other_authority() -> trustme.CA:
    """One that nobody trusts."""
    return trustme.CA()


@pytest.fixture
def tls_folder(tmp_path: Path, authority: trustme.CA) -> Callable[..., Path]:
    """Writes the three files of an agent called `name` and returns their folder."""

    def write(
        name: str,
        *,
        issuer: trustme.CA = authority,
        trusted: trustme.CA = authority,
        not_after: datetime | None = None,
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        before = None if not_after is None else datetime(2000, 1, 1, tzinfo=UTC)
        leaf = issuer.issue_cert(name, not_before=before, not_after=not_after)
        (folder / "tls.crt").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(folder / "tls.key"))
        trusted.cert_pem.write_to_path(str(folder / "ca.crt"))
        return folder

    return write
