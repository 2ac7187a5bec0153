from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.bottleneck import Interval, LimitedTime, limit_of
from dwcp_runtime.transport.progress import Limit


def interval(**times):
    return Interval(**{"seconds": 1.0, "streams": 4, "busy": 4.0, "loop_cpu": 0.3, **times})


@pytest.mark.parametrize(
    ("times", "limit"),
    [
        ({}, Limit.LINK),
        ({"starved": 3.0, "reading": 1.5, "encoding": 0.5}, Limit.DISK_SOURCE),
        ({"starved": 3.0, "reading": 0.5, "encoding": 1.5}, Limit.ENCODER),
        # Blocks wait for the receiver's answers to questions: a round trip.
        ({"starved": 3.0}, Limit.LINK),
        # Workers are always at work; that alone limits nobody.
        ({"starved": 0.5, "reading": 2.0, "encoding": 2.0}, Limit.LINK),
        ({"rwnd_limited": 3.0, "sink": 0.9, "decoding": 0.1}, Limit.DISK_SINK),
        ({"rwnd_limited": 3.0, "sink": 0.1, "decoding": 0.2, "idle": 0.7}, Limit.RECEIVER_WINDOW),
        ({"rwnd_limited": 3.0, "sink": 0.1, "decoding": 0.9}, Limit.CPU),
        ({"rwnd_limited": 3.0}, Limit.RECEIVER_WINDOW),
        ({"rwnd_limited": 1.0, "sink": 1.0}, Limit.LINK),
        ({"sndbuf_limited": 3.0}, Limit.SEND_BUFFER),
        ({"sndbuf_limited": 1.0}, Limit.LINK),
        ({"sending": 2.5}, Limit.CPU),
        ({"sending": 1.5}, Limit.LINK),
        ({"loop_cpu": 0.95, "starved": 4.0, "reading": 4.0}, Limit.CPU),
        ({"starved": 4.0, "reading": 1.0, "rwnd_limited": 4.0, "sink": 1.0}, Limit.DISK_SOURCE),
        ({"streams": 0, "busy": 0.0}, Limit.LINK),
    ],
)
def test_an_interval_belongs_to_where_most_of_its_streams_time_went(times, limit):
    assert limit_of(interval(**times)) is limit


def test_every_limit_can_be_found():
    table = test_an_interval_belongs_to_where_most_of_its_streams_time_went.pytestmark[0].args[1]
    assert {limit for _, limit in table} == set(Limit)


NUMBERS = st.floats(0, 1e6, allow_nan=False)
INTERVALS = st.builds(
    Interval,
    streams=st.integers(0, 512),
    **{field.name: NUMBERS for field in fields(Interval) if field.name != "streams"},
)


@given(st.lists(INTERVALS, max_size=20))
def test_the_seconds_of_all_limits_add_up_to_the_time_that_passed(intervals):
    time = LimitedTime()
    for entry in intervals:
        assert time.add(entry) is time.last
    assert time.elapsed == pytest.approx(sum(entry.seconds for entry in intervals))


def test_time_goes_to_the_limit_of_its_interval_and_no_other():
    time = LimitedTime()
    time.add(interval(seconds=2.0))
    time.add(interval(seconds=3.0, busy=12.0, sndbuf_limited=12.0))
    assert time.seconds[Limit.LINK] == 2.0
    assert time.seconds[Limit.SEND_BUFFER] == 3.0
    assert time.elapsed == 5.0
