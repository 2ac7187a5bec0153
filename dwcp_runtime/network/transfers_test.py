import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from dwcp_runtime.network import transfers as module
from dwcp_runtime.network.engine import NotTakenError
from dwcp_runtime.network.fake_engine import FakeEngine
from dwcp_runtime.network.order import Order
from dwcp_runtime.network.transfers import Transfers
from dwcp_runtime.transport.progress import Progress, State

ORDER = Order(path=Path("/data/disk"), name="disk", endpoint="two:8888", region="lab-2", names=frozenset())
INCOMING = Progress(transfer="ab" * 16, name="i", peer="lab-2", direction="in", state=State.RUNNING)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


def made(*, stubborn: bool = False) -> tuple[Transfers, FakeEngine]:
    engine = FakeEngine(stubborn=stubborn)
    return Transfers(engine.send, engine.incoming), engine


def test_a_transfer_is_listed_from_its_start_and_keeps_its_outcome():
    async def test() -> None:
        transfers, engine = made()
        started = transfers.start(ORDER)
        assert [entry.id for entry in transfers.entries()] == [started.id]
        assert transfers.running == 1
        engine.sent[0].end(State.FAILED, code="no-space")
        await transfers.wait_idle()
        entry = transfers.get(started.id)
        assert entry is not None and entry.ended
        assert (entry.progress.state, entry.progress.code) == (State.FAILED, "no-space")
        assert transfers.running == 0

    run(test())


def test_two_runs_of_one_file_have_two_ids():
    async def test() -> None:
        transfers, _ = made()
        assert transfers.start(ORDER).id != transfers.start(ORDER).id
        await transfers.cut(patience=1)

    run(test())


def test_incoming_transfers_are_in_the_list_and_the_last_run_is_meant():
    async def test() -> None:
        transfers, engine = made()
        engine.fake_incoming.shown = [INCOMING, Progress(**{**vars_of(INCOMING), "state": State.DONE})]
        assert [entry.id for entry in transfers.entries()] == [INCOMING.transfer] * 2
        entry = transfers.get(INCOMING.transfer)
        assert entry is not None and entry.progress.state is State.DONE
        assert not transfers.cancel(INCOMING.transfer)

    run(test())


def vars_of(progress: Progress) -> dict[str, Any]:
    return {name: getattr(progress, name) for name in Progress.__dataclass_fields__}


def test_cancelling_ends_one_transfer_and_no_other():
    async def test() -> None:
        transfers, engine = made()
        first, second = transfers.start(ORDER), transfers.start(ORDER)
        assert transfers.cancel(first.id)
        engine.sent[1].end()
        await transfers.wait_idle()
        states = [entry.progress.state for entry in transfers.entries()]
        assert states == [State.CANCELLED, State.DONE]
        assert transfers.cancel(second.id)
        assert [entry.progress.state for entry in transfers.entries()] == states
        assert not transfers.cancel("unheard-of")

    run(test())


def test_a_fault_of_the_engine_ends_one_transfer_and_not_the_agent():
    async def test() -> None:
        transfers, engine = made()
        key = transfers.start(ORDER).id
        engine.sent[0].breaks(RuntimeError("broken"))
        await transfers.wait_idle()
        entry = transfers.get(key)
        assert entry is not None
        assert (entry.progress.state, entry.progress.code) == (State.FAILED, "internal")

    run(test())


def test_an_engine_that_gives_no_outcome_is_a_failure():
    async def test() -> None:
        transfers, engine = made()
        key = transfers.start(ORDER).id
        engine.sent[0].end(State.RUNNING)
        await transfers.wait_idle()
        entry = transfers.get(key)
        assert entry is not None
        assert (entry.progress.state, entry.progress.code) == (State.FAILED, "internal")

    run(test())


def test_draining_starts_nothing_here_and_for_others():
    async def test() -> None:
        transfers, engine = made()
        transfers.drain()
        with pytest.raises(NotTakenError, match="draining"):
            transfers.start(ORDER)
        assert engine.fake_incoming.drained == 1

    run(test())


def test_only_so_many_run_at_a_time(monkeypatch: pytest.MonkeyPatch):
    async def test() -> None:
        transfers, engine = made()
        transfers.start(ORDER)
        transfers.start(ORDER)
        with pytest.raises(NotTakenError, match="2 transfers run"):
            transfers.start(ORDER)
        engine.sent[0].end()
        while transfers.running == 2:
            await asyncio.sleep(0)
        transfers.start(ORDER)
        await transfers.cut(patience=1)

    monkeypatch.setattr(module, "MOST_RUNNING", 2)
    run(test())


def test_only_so_many_ended_ones_are_kept_and_running_ones_always(monkeypatch: pytest.MonkeyPatch):
    async def test() -> None:
        transfers, engine = made()
        running = transfers.start(ORDER).id
        for _ in range(5):
            transfers.start(ORDER)
            engine.sent[-1].end()
            while transfers.running > 1:
                await asyncio.sleep(0)
        assert len(transfers.entries()) == 1 + 2 + 1
        assert transfers.get(running) is not None
        await transfers.cut(patience=1)

    monkeypatch.setattr(module, "MOST_KEPT", 2)
    run(test())


def test_a_transfer_that_does_not_heed_is_cut_all_the_same():
    async def test() -> None:
        transfers, _ = made(stubborn=True)
        key = transfers.start(ORDER).id
        assert await transfers.cut(patience=0) == 1
        entry = transfers.get(key)
        assert entry is not None and entry.progress.state is State.CANCELLED
        assert await transfers.cut(patience=0) == 0

    run(test())


def test_following_ends_with_the_outcome():
    async def test() -> None:
        transfers, engine = made()
        key = transfers.start(ORDER).id
        seen = []
        async for entry in transfers.follow(key, every=3600):
            seen.append(entry.progress.state)
            engine.sent[0].end()
        assert seen == [State.RUNNING, State.DONE]

    run(test())


def test_following_what_is_forgotten_ends():
    async def test() -> None:
        transfers, engine = made()
        engine.fake_incoming.shown = [INCOMING]
        seen = 0
        async for _ in transfers.follow(INCOMING.transfer, every=0):
            seen += 1
            engine.fake_incoming.shown = []
        assert seen == 1

    run(test())
