"""What the load finds out about a store that does not keep its promises."""

import asyncio

import pytest

from tests.acp.history import CHECKER, violation
from tests.acp.load import Load
from tests.acp.store import Answer, UnknownError


class Memory:
    """A store that keeps its promises."""

    def __init__(self):
        self.kept = {}
        self.revision = 0

    async def get(self, address, key):
        value, revision = self.kept.get(key, (None, 0))
        return Answer(revision=revision, value=value)

    async def put(self, address, key, value):
        self.revision += 1
        self.kept[key] = (value, self.revision)
        return Answer(revision=self.revision, swapped=True)

    async def cas(self, address, key, value, expect):
        if self.kept.get(key, (None, 0))[1] != expect:
            return Answer(revision=self.revision)
        return await self.put(address, key, value)

    async def delete(self, address, key):
        found = self.kept.pop(key, None)
        self.revision += found is not None
        return Answer(revision=self.revision, swapped=found is not None)


class Forgetful(Memory):
    """Acknowledges each tenth write and forgets it."""

    async def put(self, address, key, value):
        answer = await super().put(address, key, value)
        if answer.revision % 10 == 0:
            del self.kept[key]
        return answer


class Stale(Memory):
    """Answers some reads from what was there a while ago."""

    def __init__(self):
        super().__init__()
        self.old = {}

    async def get(self, address, key):
        old = self.old.get(key)
        self.old[key] = now = await super().get(address, key)
        return old if old and self.revision % 3 == 0 else now


class Slow(Memory):
    """Every fourth write takes place, and its client hears nothing."""

    async def put(self, address, key, value):
        answer = await super().put(address, key, value)
        if answer.revision % 4 == 0:
            raise UnknownError("no answer")
        return answer


def verdict(store, tmp_path):
    async def run():
        load = Load(store, lambda: ["here"])
        load.start()
        await asyncio.sleep(1.0)
        await load.stop()
        lost = await load.read_all()
        load.history.write(tmp_path / "history")
        return lost, violation(tmp_path / "history")

    return asyncio.run(run())


needs_checker = pytest.mark.skipif(not CHECKER.exists(), reason="run `python tools/build.py consensus`")


@needs_checker
@pytest.mark.parametrize("store", [Memory(), Slow()], ids=["memory", "slow"])
def test_a_store_that_keeps_its_promises_is_believed(store, tmp_path):
    assert verdict(store, tmp_path) == ([], "")


@needs_checker
def test_a_write_that_was_acknowledged_and_forgotten_is_found(tmp_path):
    lost, wrong = verdict(Forgetful(), tmp_path)
    assert lost
    assert "None instead of" in lost[0]
    assert "not linearizable" in wrong


@needs_checker
def test_a_stale_read_is_found(tmp_path):
    _, wrong = verdict(Stale(), tmp_path)
    assert "not linearizable" in wrong
