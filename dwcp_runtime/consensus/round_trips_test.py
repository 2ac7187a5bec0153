import asyncio

from dwcp_runtime.consensus.peer_map import parse
from dwcp_runtime.consensus.round_trips import WINDOW, RoundTrips


def test_a_single_slow_measurement_is_not_seen_in_the_median():
    trips = RoundTrips()
    for seconds in (0.15, 9.0, 0.15, 0.15, 0.15):
        trips.note("lab-1", seconds)
    assert trips.medians == {"lab-1": 0.15}


def test_old_measurements_are_forgotten():
    trips = RoundTrips()
    for seconds in (1.0,) * WINDOW + (2.0,) * WINDOW:
        trips.note("lab-1", seconds)
    assert trips.medians == {"lab-1": 2.0}


def test_a_line_is_measured_and_forgotten_with_its_member(run):
    async def work():
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        there, away = parse(
            f"lab-{{i}}=127.0.0.1:{{i*4+21000}}:{{i*4+21001}}:{{i+{port}}}:{{i*4+21002}}"
        ).members[:2]
        trips = RoundTrips()
        await trips.measure([there, away])
        assert 0 < trips.medians["lab-0"] < 1
        await trips.measure([])
        assert trips.medians == {}
        server.close()

    run(work())
