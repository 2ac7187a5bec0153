import asyncio
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
import trustme

from charts_py.contract.dwcp import AgentConfig, Peer
from dwcp_runtime.network.fake_engine import FakeIncoming
from dwcp_runtime.network.gate import Gate
from dwcp_runtime.network.peers import Peers
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.tls_context import TlsFolder

CONFIG = AgentConfig(environment="lab", region="lab-1", peers=(Peer(region="lab-2", endpoint="127.0.0.1:1"),))
OWN, TWO, STRANGER = (f"lab-{n}.lab.dwcp.novacron.io" for n in (1, 2, 9))


def issue(authority: trustme.CA, folder: Path, name: str) -> Path:
    folder.mkdir()
    leaf = authority.issue_cert(name)
    leaf.private_key_pem.write_to_path(folder / "tls.key")
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(folder / "tls.crt", append=True)
    authority.cert_pem.write_to_path(folder / "ca.crt")
    return folder


def client(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "ca.crt")
    context.check_hostname = False
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


def gate(incoming: FakeIncoming, folder: Path | None, peers: list[Peers]) -> Gate:
    contexts = TlsFolder(folder, warn=lambda error: None).contexts if folder else None
    return Gate(host="127.0.0.1", port=0, contexts=contexts, peers=lambda: peers[-1], incoming=incoming)


async def greeting(port: int, context: ssl.SSLContext | None) -> bytes:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        line = await reader.readline()
        writer.close()
    except (ConnectionError, ssl.SSLError):
        return b""
    return line


def test_a_peer_is_known_by_its_certificate_and_a_stranger_gets_nothing(tmp_path: Path):
    authority = trustme.CA()
    folders = {name: issue(authority, tmp_path / name, name) for name in (OWN, TWO, STRANGER)}
    foreign = issue(trustme.CA(), tmp_path / "foreign", TWO)
    (foreign / "ca.crt").write_bytes((folders[OWN] / "ca.crt").read_bytes())

    async def test() -> None:
        incoming, peers = FakeIncoming(), [Peers.of(CONFIG)]
        door = gate(incoming, folders[OWN], peers)
        await door.open()
        try:
            assert await greeting(door.port, client(folders[TWO])) == b"lab-2\n"
            assert await greeting(door.port, client(folders[STRANGER])) == b""
            assert await greeting(door.port, client(foreign)) == b""
            assert incoming.served == ["lab-2"]
            # The allow list of this moment counts, not that of the start.
            peers.append(Peers.of(AgentConfig(environment="lab", region="lab-1")))
            assert await greeting(door.port, client(folders[TWO])) == b""
        finally:
            await door.close()

    run(test())


def test_without_tls_a_peer_is_its_address():
    async def test() -> None:
        door = gate(FakeIncoming(), None, [Peers.of(CONFIG)])
        assert door.port == 0
        await door.open()
        assert (await greeting(door.port, None)).startswith(b"127.0.0.1:")
        await door.close()
        await door.close()
        assert door.port == 0

    run(test())


def test_a_port_that_another_process_has_is_told():
    async def test() -> None:
        first = gate(FakeIncoming(), None, [Peers.of(CONFIG)])
        await first.open()
        second = Gate(
            host="127.0.0.1",
            port=first.port,
            contexts=None,
            peers=lambda: Peers.of(CONFIG),
            incoming=FakeIncoming(),
        )
        try:
            with pytest.raises(DwcpError, match=str(first.port)):
                await second.open()
        finally:
            await first.close()

    run(test())
