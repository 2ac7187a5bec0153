import os
import threading

import pytest

from dwcp_runtime.encoding.block_digest import digest
from dwcp_runtime.encoding.decoder import Refusal
from dwcp_runtime.transport import block_sink
from dwcp_runtime.transport.block_sink import BlockSink
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frames import BlockHeader, Codec, Zeros
from dwcp_runtime.transport.limits import BLOCK_HEADER, HEADER, MIN_BLOCK
from dwcp_runtime.transport.staging import Staging, Wanted

CONTENT = os.urandom(MIN_BLOCK)


@pytest.fixture
def stage(tmp_path):
    size = 2 * MIN_BLOCK + 100
    opened = Staging.open(
        tmp_path, Wanted(transfer=b"t" * 16, name="f", size=size, block_size=MIN_BLOCK, mode=0o600)
    )
    yield opened
    opened.close()


@pytest.fixture
def sink(stage):
    return BlockSink(stage, scratch=threading.local(), inventory=None, baseline=None)


def header(index=0, *, codec=Codec.RAW, length=MIN_BLOCK, content=CONTENT):
    return BlockHeader(index=index, codec=codec, raw_length=length, digest=digest(content))


def test_a_block_that_holds_what_its_digest_says_is_stored(stage, sink):
    stored = sink.store(header(), memoryview(CONTENT))

    assert (stored.index, stored.count, stored.codec, stored.refused) == (0, 1, "raw", None)
    assert (stored.file, stored.wire) == (MIN_BLOCK, HEADER + BLOCK_HEADER + MIN_BLOCK)
    assert stage.missing == 2


@pytest.mark.parametrize(
    ("codec", "reason"),
    [(Codec.RAW, Refusal.DIGEST_MISMATCH), (Codec.ZSTD, Refusal.UNDECODABLE)],
)
def test_a_block_that_cannot_be_restored_is_refused_with_the_reason_and_not_stored(
    stage, sink, codec, reason
):
    stored = sink.store(header(codec=codec), memoryview(bytes(reversed(CONTENT))))

    assert stored.refused is reason
    assert stage.missing == 3


def test_a_run_of_zeros_counts_no_more_bytes_than_the_file_has(stage, sink):
    stored = sink.store_zeros(Zeros(start=1, count=2))

    assert (stored.count, stored.file, stored.codec) == (2, MIN_BLOCK + 100, "zero")
    assert stage.missing == 1


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (header(3), "block 3 of a file of 3 blocks"),
        (header(2), "which has 100"),
        (header(0, length=7), "7 bytes"),
    ],
)
def test_a_block_that_the_file_does_not_have_is_malformed(sink, block, says):
    with pytest.raises(DwcpError, match=says) as caught:
        sink.judge(block)
    assert caught.value.code is ErrorCode.MALFORMED


def test_zeros_beyond_the_end_are_malformed(sink):
    sink.judge_zeros(Zeros(start=0, count=3))
    with pytest.raises(DwcpError, match="zeros up to block 4 of 3"):
        sink.judge_zeros(Zeros(start=2, count=2))


def test_of_answers_that_no_block_follows_only_the_latest_are_remembered(sink, monkeypatch):
    pages = MIN_BLOCK // block_sink.PAGE
    monkeypatch.setattr(block_sink, "MAX_ANSWERED", 2 * pages)
    for index in range(3):
        sink.remember(index, object())
    sink.forget(2)

    assert list(sink._answers) == [1]
