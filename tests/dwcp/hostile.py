"""A peer written by hand, which keeps to no rule but those it wants to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dwcp_runtime.encoding.block_digest import digest
from dwcp_runtime.transport.capabilities import Offer
from dwcp_runtime.transport.channel import Channel
from dwcp_runtime.transport.dial import dial
from dwcp_runtime.transport.frame_codec import encode_block
from dwcp_runtime.transport.frames import Attach, Attached, BlockHeader, Codec, Open, Opened
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.link import Link, greet
from dwcp_runtime.transport.tls_context import load
from tests.dwcp.processes import THERE

TRANSFER = b"hostile transfer"


async def channel(port: int, tls: Path | None) -> Channel:
    """A connection that has said nothing yet."""
    contexts = load(tls) if tls else None
    return await dial("127.0.0.1", port, contexts=contexts, expected=THERE if contexts else None)


async def greeted(port: int, tls: Path | None, lane: Lane = Lane.CONTROL_FROM_RECEIVER) -> Link:
    """A connection after HELLO."""
    found = await channel(port, tls)
    return Link(found, await greet(found, Offer(), initiator=True), lane)


def wanted(**changes: Any) -> Open:
    """An OPEN of four small blocks."""
    plain = {"transfer": TRANSFER, "size": 4 * MIN_BLOCK, "block_size": MIN_BLOCK, "mode": 0o644, "name": "x"}
    return Open(**{**plain, **changes})


async def opened(port: int, tls: Path | None, **changes: Any) -> tuple[Link, Opened]:
    """A control connection with a transfer."""
    link = await greeted(port, tls)
    await link.send(wanted(**changes))
    return link, await link.expect(Opened)


async def attached(port: int, tls: Path | None, answer: Opened, *, number: int = 1) -> Link:
    """A data connection that has joined."""
    link = await greeted(port, tls, Lane.DATA_FROM_RECEIVER)
    link.stream = number
    await link.send(Attach(transfer=answer.transfer, token=answer.token))
    await link.expect(Attached)
    return link


async def send_block(link: Link, index: int, content: bytes, *, promised: bytes | None = None) -> None:
    """A RAW block, with the digest of `promised` where that is another content."""
    header = BlockHeader(
        index=index, codec=Codec.RAW, raw_length=len(content), digest=digest(promised or content)
    )
    await link.channel.send(encode_block(link.stream, header, (content,)), content)


async def ended(link: Link | Channel) -> bytes:
    """Everything that still comes until the receiver ends the connection."""
    found = b""
    buffer = bytearray(1 << 16)
    reader = link.channel if isinstance(link, Link) else link
    async with asyncio.timeout(30):
        try:
            while count := await reader.read_some(memoryview(buffer)):
                found += buffer[:count]
        except Exception:
            return found
    return found
