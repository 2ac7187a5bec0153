"""How much memory an agent takes at its limits, from the settings that it depends on.

Counted is one transfer each way over every stream of the pool, and the indexing of one image that fills the
data volume. More transfers take no more blocks: those that leave share the streams of the pool, those that
arrive share a budget (`MemoryBudget` of the receiver). Left out are TLS of more streams that arrive than the
pool has, and kernel socket buffers: near a container's limit the kernel shrinks them.
"""

from __future__ import annotations

from typing import Final

from charts_py.contract.quantity import Quantity, parse

MIB: Final = 1 << 20

BLOCK_BYTES: Final = MIB
"""A block of a transfer; each stream fills or sends one at a time."""

TLS_BYTES: Final = 384 << 10
"""What TLS takes of a stream: 256 KiB of records on their way between kernel and OpenSSL, and its state."""

PAGE_BYTES: Final = 4096
"""What the inventory knows images by."""

INVENTORY_PAGES: Final = 1 << 23
"""Most pages that the inventory holds in memory."""

INVENTORY_PAGE_BYTES: Final = 16
"""Memory of each; twice that while an image is added, because a search goes on with what it began with."""

INDEXING_PAGE_BYTES: Final = 40
"""Memory of each page of the image that is being indexed, of which there are as many at most as the inventory
holds: a larger image is known by its root only."""

INDEXING_BYTES: Final = 20 * MIB
"""What sorting a portion of an image's pages takes, whatever its size."""

PROCESS_BYTES: Final = 128 * MIB
"""Interpreter, libraries, certificates and threads: twice what `VmRSS` of an idle agent says."""

PROCESSORS: Final = 16
"""Processors of the node that are counted with; of each, a transfer's workers hold three blocks."""

_TRANSFER_BLOCKS: Final = 3 * PROCESSORS + 4


def needed(*, max_streams: int, volume: str) -> Quantity:
    """The memory of an agent with a pool of `max_streams` and a data volume of this size, a quantity."""
    pages = min(parse(volume).nano // 10**9 // PAGE_BYTES, INVENTORY_PAGES)
    streams = 2 * max_streams * (BLOCK_BYTES + TLS_BYTES)
    inventory = (2 * INVENTORY_PAGE_BYTES + INDEXING_PAGE_BYTES) * pages + INDEXING_BYTES
    workers = 2 * _TRANSFER_BLOCKS * BLOCK_BYTES
    total = PROCESS_BYTES + streams + workers + inventory
    return Quantity(nano=total * 10**9, binary=True).rounded_up()
