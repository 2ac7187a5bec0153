import asyncio

import pytest

from dwcp_runtime.consensus import measurements
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.known import Known
from dwcp_runtime.consensus.measurements import Measurements
from dwcp_runtime.consensus.peer_map import parse

PEERS = parse("lab-{i}=127.0.0.{i+1}")


@pytest.mark.parametrize("error", [RuntimeError("a fault"), GatewayError("no answer")], ids=["fault", "etcd"])
def test_a_measurement_that_fails_is_not_the_last_one(run, monkeypatch, error):
    monkeypatch.setattr(measurements, "EVERY", 0.0)

    async def work():
        measured = Measurements(PEERS, Gateway("http://127.0.0.1:1"))
        again = asyncio.Event()
        calls = []

        async def broken(_peers):
            calls.append(1)
            if len(calls) > 1:
                again.set()
            raise error

        measured.round_trips.measure = broken
        task = asyncio.create_task(measured.run(Known()))
        done, _ = await asyncio.wait(
            {task, asyncio.create_task(again.wait())}, timeout=5, return_when=asyncio.FIRST_COMPLETED
        )
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert done
        assert again.is_set()

    run(work())
