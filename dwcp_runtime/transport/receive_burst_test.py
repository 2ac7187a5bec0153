import os
import threading

import pytest

from dwcp_runtime.encoding.block_digest import digest
from dwcp_runtime.transport.block_sink import BlockSink
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode, encode_block
from dwcp_runtime.transport.frame_decoder import FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import BlockHeader, Codec, Ping, Zeros
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.receive_burst import SECONDS, burst
from dwcp_runtime.transport.staging import Staging, Wanted

BLOCKS = [os.urandom(MIN_BLOCK) for _ in range(4)]


def frame(index):
    content = BLOCKS[index]
    header = BlockHeader(index=index, codec=Codec.RAW, raw_length=MIN_BLOCK, digest=digest(content))
    return encode_block(1, header, [content]) + content


class Wire:
    """Gives bytes a piece at a time, then silence or the end."""

    def __init__(self, data, *, piece=10_000, ends=False):
        self.data, self.piece, self.ends = memoryview(data), piece, ends

    def read_now(self, view, patience):
        if not self.data:
            return 0 if self.ends else None
        count = min(len(view), self.piece, len(self.data))
        view[:count] = self.data[:count]
        self.data = self.data[count:]
        return count


@pytest.fixture
def stage(tmp_path):
    size = len(BLOCKS) * MIN_BLOCK
    opened = Staging.open(
        tmp_path, Wanted(transfer=b"t" * 16, name="f", size=size, block_size=MIN_BLOCK, mode=0o600)
    )
    yield opened
    opened.close()


@pytest.fixture
def take(stage):
    decoder = FrameDecoder(lane=Lane.DATA_FROM_SENDER, max_block=MIN_BLOCK)
    sink = BlockSink(stage, scratch=threading.local(), inventory=None, baseline=None)
    buffer = bytearray(MIN_BLOCK)

    def run(wire, *, go_on=lambda: True, clock=lambda: 0.0):
        return burst(wire, decoder, sink, buffer, go_on=go_on, clock=clock)

    run.decoder = decoder
    run.sink = sink
    return run


def test_blocks_and_zeros_are_stored_until_nothing_comes(stage, take):
    done = take(Wire(frame(0) + encode(Zeros(start=2, count=2), 1) + frame(1)))

    assert [(stored.index, stored.count) for stored in done.stored] == [(0, 1), (2, 2), (1, 1)]
    assert (done.event, done.ended, done.problem, done.broken) == (None, False, None, None)
    assert stage.missing == 0


def test_a_burst_that_stops_within_a_block_is_taken_up_where_it_stopped(stage, take):
    data = frame(0) + frame(1)
    for at in (5, 47, 100, len(data) - 1):
        take(Wire(data[:at]))
        done = take(Wire(data[at:]))
        assert done.stored[-1].index == 1
    assert stage.missing == 2


def test_the_body_of_a_block_that_is_half_there_keeps_the_buffer(take):
    take(Wire(frame(0)[:-1]))
    assert take.decoder.holds_body
    take(Wire(frame(0)[-1:]))
    assert not take.decoder.holds_body


def test_a_frame_that_is_no_block_ends_it_and_comes_out(take):
    done = take(Wire(frame(0) + encode(Ping(nonce=3), 1) + frame(1)))

    assert done.event == FrameArrived(stream=1, frame=Ping(nonce=3))
    assert len(done.stored) == 1


def test_it_ends_after_its_time_between_two_blocks(take):
    now = iter([0.0, SECONDS / 2, SECONDS])
    done = take(Wire(b"".join(map(frame, range(4)))), clock=lambda: next(now))

    assert [stored.index for stored in done.stored] == [0, 1]


def test_it_stores_nothing_once_nobody_wants_it(stage, take):
    assert take(Wire(frame(0)), go_on=lambda: False).stored == []
    assert stage.missing == len(BLOCKS)


def test_the_end_between_two_frames_is_one_and_within_a_frame_is_an_error(take):
    assert take(Wire(frame(0), ends=True)).ended
    done = take(Wire(frame(1)[:-1], ends=True))
    assert not done.ended
    assert done.problem.code is ErrorCode.CLOSED


def test_what_was_stored_before_an_error_is_told_beside_it(stage, take):
    wrong = bytearray(frame(1))
    wrong[-1] ^= 1
    done = take(Wire(frame(0) + wrong))

    assert [stored.index for stored in done.stored] == [0]
    assert done.problem.code is ErrorCode.CORRUPT


def test_a_block_that_the_file_does_not_have_is_refused_before_its_body_is_read(take):
    header = BlockHeader(index=9, codec=Codec.RAW, raw_length=MIN_BLOCK, digest=bytes(16))
    wire = Wire(encode_block(1, header, [BLOCKS[0]]) + BLOCKS[0], piece=1 << 20)
    done = take(wire)

    assert done.problem.code is ErrorCode.MALFORMED
    assert len(wire.data) == MIN_BLOCK


@pytest.mark.parametrize("problem", [DwcpError(ErrorCode.NO_SPACE, "full"), ZeroDivisionError()])
def test_a_disk_that_fails_is_told_apart_from_a_stream_that_does(take, monkeypatch, problem):
    def fail(header, body):
        raise problem

    monkeypatch.setattr(take.sink, "store", fail)
    done = take(Wire(frame(0) + frame(1)))

    assert done.broken is problem
    assert (done.problem, done.stored) == (None, [])
