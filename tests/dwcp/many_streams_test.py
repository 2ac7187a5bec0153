"""As many data streams as the protocol allows, open at once."""

import asyncio

import pytest

from charts_py.contract.agent_memory import TLS_BYTES
from dwcp_runtime.transport.limits import MAX_STREAMS, MIN_BLOCK
from tests.dwcp.memory import peak
from tests.dwcp.memory_test import BUFFERS
from tests.dwcp.processes import Sending, receiving, run

PROGRAM = "tests.dwcp.small_blocks"
MIB = 1 << 20

SLOW = ("--level", "0", "--streams", f"{MAX_STREAMS}", "--rate", "200M")
"""Each stream has a 512th of the rate from the first one on, so that the others join long before the end."""


def bound(*, safe):
    """The peak of either end: what `memory_test` states of a process, a block for each stream, and what TLS
    takes of each. Measured were 59 MiB of the sender and 67 MiB of the receiver in plain, 79 and 120 MiB
    under TLS; without a limit of the rate 102 and 84, 102 and 257."""
    return 96 * MIB + (BUFFERS + MAX_STREAMS) * MIN_BLOCK + (MAX_STREAMS * TLS_BYTES if safe else 0)


@pytest.mark.parametrize("safe", [True, False], ids=["tls", "plain"])
def test_a_file_arrives_by_512_streams_at_once_within_the_memory_that_is_stated(
    tmp_path, image, here, there, safe
):
    async def scenario():
        source = image(64)
        theirs, mine = (there, here) if safe else (None, None)
        async with receiving(tmp_path / "there", tls=theirs, program=PROGRAM) as receiver:
            sending = await Sending.start(source, receiver.port, "disk.img", *SLOW, tls=mine, program=PROGRAM)
            most = 0
            while sending.running:
                try:
                    most = max(most, peak(sending.process.pid))
                except ProcessLookupError:
                    break
                await asyncio.sleep(0.02)
            done = await sending.outcome()
            assert done.code == 0, done
            assert 0 < most < bound(safe=safe)
            assert peak(receiver.process.pid) < bound(safe=safe)
        assert receiver.said == [f"streams at once: {MAX_STREAMS}"]
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())
