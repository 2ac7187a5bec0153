"""Clients that read and write without end, and remember what they were told."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence

from tests.acp.history import History, Operation, Outcome, now
from tests.acp.store import Answer, FailedError, Store, UnknownError

CLIENTS = 6
KEYS = 4
PROBE_S = 0.04
"""Between writes that don't wait for each other: what is unavailable is then not what a client waits for."""
GENERATION_S = 4.0
"""How long keys are used before others follow them: a checker's work grows fast with a key's history."""
READERS = 32
"""Clients that read everything in the end."""
PATIENCE_S = 3.0
"""How long a client waits for an answer before it calls the outcome unknown."""
PAUSE_S = 0.03
"""Between a client's operations, so that the machine is not the bottleneck."""


class Load:
    """Some clients share a few keys; a probe writes key after key, each at the next member, and what was
    acknowledged of that must stay."""

    def __init__(self, store: Store, addresses: Callable[[], Sequence[str]], *, seed: int = 1) -> None:
        """`addresses` are those of the members that clients may ask at that time."""
        self._store = store
        self._addresses = addresses
        self._seed = seed
        self._begun = now()
        self.history = History()
        self.kept: dict[str, str] = {}
        """Keys that were written once, acknowledged, with their values."""
        self.complaints: dict[str, int] = {}
        """Why operations were not acknowledged, with how often."""
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._share(client)) for client in range(CLIENTS)]
        self._tasks.append(asyncio.create_task(self._probe()))

    async def stop(self) -> None:
        """End the clients and read everything a last time; raises what a client raised."""
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def read_all(self) -> list[str]:
        """Read every key once more, into the history; the keys that no longer hold what was acknowledged."""
        shared = sorted({one.key for one in self.history.operations} - set(self.kept))
        lost: list[str] = []
        queue = [*shared, *self.kept]

        async def reader(client: int) -> None:
            address = random.Random(client).choice(self._addresses())
            while queue:
                key = queue.pop()
                did = await self._do(client, "get", key, address)
                if did.outcome != "ok":
                    lost.append(f"{key}: not readable")
                elif key in self.kept and did.value != self.kept[key]:
                    lost.append(f"{key}: {did.value!r} instead of {self.kept[key]!r}")

        await asyncio.gather(*(reader(CLIENTS + 1 + number) for number in range(READERS)))
        return lost

    async def _probe(self) -> None:
        writes: set[asyncio.Task[None]] = set()
        for number in itertools.count():
            if self._stop.is_set():
                break
            addresses = self._addresses()
            write = asyncio.create_task(self._keep(number, addresses[number % len(addresses)]))
            writes.add(write)
            write.add_done_callback(writes.discard)
            await asyncio.sleep(PROBE_S)
        await asyncio.gather(*writes)

    async def _keep(self, number: int, address: str) -> None:
        key, value = f"kept-{self._seed}-{number}", f"probe.{number}"
        did = await self._do(CLIENTS, "put", key, address, value=value)
        if did.outcome == "ok":
            self.kept[key] = value

    async def _share(self, client: int) -> None:
        chance = random.Random(f"{self._seed}/{client}")
        address = chance.choice(self._addresses())
        seen: dict[str, int] = {}
        number = 0
        while not self._stop.is_set():
            number += 1
            generation = int((now() - self._begun) / 1e9 / GENERATION_S)
            key = f"shared-{self._seed}-{generation}-{chance.randrange(KEYS)}"
            op = chance.choices(["get", "put", "cas", "delete"], [8, 5, 5, 1])[0]
            value = f"{client}.{number}" if op in ("put", "cas") else None
            did = await self._do(client, op, key, address, value=value, expect=seen.get(key, 0))
            if did.outcome != "ok":
                address = chance.choice(self._addresses())
            elif op == "get" or did.swapped or op == "put":
                seen[key] = 0 if op == "delete" else did.revision
            await asyncio.sleep(PAUSE_S)

    async def _do(
        self, client: int, op: str, key: str, address: str, *, value: str | None = None, expect: int = 0
    ) -> Operation:
        call = now()
        answer, outcome = Answer(revision=0), "ok"
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._ask(op, key, address, value, expect)
        except FailedError as error:
            outcome = self._complain(error, "failed")
        except (UnknownError, TimeoutError) as error:
            outcome = self._complain(error, "unknown")
        done = Operation(
            client=client,
            op=op,
            key=key,
            call=call,
            answered=now(),
            outcome=outcome,
            value=answer.value if op == "get" else value,
            expect=expect if op == "cas" else 0,
            revision=answer.revision,
            swapped=answer.swapped,
        )
        self.history.add(done)
        return done

    async def _ask(self, op: str, key: str, address: str, value: str | None, expect: int) -> Answer:
        if op == "get":
            return await self._store.get(address, key)
        if op == "delete":
            return await self._store.delete(address, key)
        assert value is not None
        if op == "put":
            return await self._store.put(address, key, value)
        return await self._store.cas(address, key, value, expect)

    def _complain(self, error: Exception, outcome: Outcome) -> Outcome:
        text = f"{outcome}: {error or type(error).__name__}"
        self.complaints[text] = self.complaints.get(text, 0) + 1
        return outcome
