"""`python -m bench.acp.probe ADDRESS SECONDS`: puts at one member, none waiting for another.

Every SECONDS a put starts through the agent's API and one through etcd's gateway, each of a key of its own:
what hangs holds up nothing. A line for each that was acknowledged: `WAY STARTED ACKNOWLEDGED`, by the
monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import signal
import sys
import time
from collections.abc import Iterable
from typing import Final

import aiohttp

from charts_py.contract import http_paths, ports

API: Final = "api"
ETCD: Final = "etcd"
_KEYS: Final = 5000
_LIMIT_S: Final = 15.0


def first_after(lines: Iterable[str], way: str, moment: float) -> float | None:
    """When the first put of one way that started after `moment` was acknowledged; None: none was. A line that
    is still being written is left out."""
    found = [line.split() for line in lines if line.endswith("\n")]
    return min(
        (float(end) for name, start, end in found if name == way and float(start) > moment), default=None
    )


async def _probe(address: str, every: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=_LIMIT_S)
    ) as session:
        puts: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        for number in itertools.count():
            if stop.is_set():
                break
            for way in (API, ETCD):
                put = asyncio.create_task(_put(session, address, way, number % _KEYS))
                puts.add(put)
                put.add_done_callback(puts.discard)
            due += every
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        for put in puts:
            put.cancel()
        await asyncio.gather(*puts, return_exceptions=True)


async def _put(session: aiohttp.ClientSession, address: str, way: str, number: int) -> None:
    key = f"probe/{address}/{number}"
    start = time.monotonic()
    try:
        if way == API:
            url = f"http://{address}:{ports.CONSENSUS_HTTP.number}{http_paths.CONSENSUS_KEYS}/{key}"
            request = session.put(url, data=b"x")
        else:
            coded = base64.b64encode(f"/bench/{key}".encode()).decode()
            url = f"http://{address}:{ports.ETCD_CLIENT.number}/v3/kv/put"
            request = session.post(url, data=json.dumps({"key": coded, "value": "eA=="}))
        async with request as answer:
            await answer.read()
            if answer.status in (200, 201, 204):
                print(way, f"{start:.4f}", f"{time.monotonic():.4f}", flush=True)
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass


if __name__ == "__main__":
    asyncio.run(_probe(sys.argv[1], float(sys.argv[2])))
