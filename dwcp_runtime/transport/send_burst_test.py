import time

import pytest

from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.transport.block_feed import Ready
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_decoder import BlockArrived, FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import Zeros
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.send_burst import SECONDS, Burst

WANTED = [(index, None) for index in (4, 5, 6)]


class Wire:
    """Keeps what is sent, up to a point."""

    def __init__(self, *, frames=99):
        self.data, self.frames = bytearray(), frames

    def send_now(self, *buffers):
        if not self.frames:
            raise DwcpError(ErrorCode.CLOSED, "cut")
        self.frames -= 1
        self.data += b"".join(buffers)

    def events(self):
        return FrameDecoder(lane=Lane.DATA_FROM_SENDER, max_block=MIN_BLOCK).feed(self.data)


def prepare(index, level):
    body = bytes([index]) * MIN_BLOCK
    encoded = Encoded(codec=Codec.RAW, raw_length=MIN_BLOCK, digest=bytes([index]) * 16, parts=(body,))
    return Ready(start=index, count=1, encoded=encoded, buffer=None, level=level)


def send(wire, prepare=prepare, *, go_on=lambda: True, clock=lambda: 0.0):
    burst = Burst(WANTED)
    burst.run(wire, 1, prepare, go_on=go_on, clock=clock)
    return burst


def starts(done):
    return [ready.start for ready, _ in done]


def test_blocks_go_in_order_with_what_they_took_on_the_wire():
    wire = Wire()
    burst = send(wire)
    done = burst.done()

    assert starts(done) == burst.begun() == [4, 5, 6]
    assert sum(size for _, size in done) == len(wire.data)
    assert sum(isinstance(event, BlockArrived) for event in wire.events()) == 3
    assert (burst.half, burst.problem, burst.unreadable) == (None, None, None)


def test_a_block_of_zeros_goes_without_a_body():
    def zero(index, level):
        encoded = Encoded(codec=Codec.ZERO, raw_length=MIN_BLOCK, digest=bytes(16), parts=())
        return Ready(start=index, count=1, encoded=encoded, buffer=None)

    wire = Wire()
    send(wire, zero)
    assert wire.events()[0] == FrameArrived(stream=1, frame=Zeros(start=4, count=1))


def test_no_block_begins_after_its_time_or_when_the_stream_is_to_end_but_the_first():
    now = iter([0.0, SECONDS])
    late, left = send(Wire(), clock=lambda: next(now)), send(Wire(), go_on=lambda: False)
    for burst in (late, left):
        assert (burst.begun(), burst.take_back()) == ([4], [6, 5])


def test_of_a_cut_stream_it_says_which_block_may_be_half_sent():
    burst = send(Wire(frames=1))

    assert (starts(burst.done()), burst.half) == ([4], 5)
    assert burst.problem.code is ErrorCode.CLOSED
    assert burst.take_back() == [6]


@pytest.mark.parametrize("problem", [DwcpError(ErrorCode.IO, "gone"), ZeroDivisionError()])
def test_a_source_that_cannot_be_read_is_told_apart_from_a_cut_stream(problem):
    def fail(index, level):
        if index == 5:
            raise problem
        return prepare(index, level)

    burst = send(Wire(), fail)
    assert (starts(burst.done()), burst.half) == ([4], 5)
    assert (burst.problem, burst.unreadable) == (None, problem)


def test_what_the_receiver_may_speak_of_has_begun_and_what_is_taken_back_is_not_sent():
    seen = []

    def look(index, level):
        # As another thread might, at any time.
        seen.append((index, burst.begun(), starts(burst.done())))
        if index == 5:
            seen.append(burst.take_back())
        return prepare(index, level)

    burst = Burst(WANTED)
    wire = Wire()
    burst.run(wire, 1, look, go_on=lambda: True, clock=lambda: 0.0)

    assert seen == [(4, [4], []), (5, [5], [4]), [6]]
    assert (burst.begun(), starts(burst.done()), burst.half, burst.sent) == ([], [5], None, 2)
    assert len([event for event in wire.events() if isinstance(event, BlockArrived)]) == 2


def test_the_time_of_preparing_and_the_cpu_time_of_sending_are_told_once():
    def slow(index, level):
        time.sleep(0.01)
        return prepare(index, level)

    burst = send(Wire(), slow)
    prepared, sending = burst.seconds()
    assert prepared >= 0.03
    assert 0 < sending < prepared
    assert burst.seconds() == (0, 0)
