import pytest

from dwcp_runtime.transport.frame_codec import encode, encode_block
from dwcp_runtime.transport.frame_decoder import BlockArrived, BlockStarted, FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import BlockHeader, Cancel, Codec, Durable, Zeros
from dwcp_runtime.transport.lane import Lane


def header(codec=Codec.ZSTD, raw_length=10):
    return BlockHeader(index=7, codec=codec, raw_length=raw_length, digest=bytes(range(16)))


def test_the_bytes_of_a_frame_are_those_of_the_document():
    # A constant on purpose: agents in the field read exactly these bytes.
    assert encode(Zeros(start=1, count=2), 3).hex() == (
        "2100000300000010103e5388badfac9800000000000000010000000000000002"
    )


def test_the_tag_of_a_block_covers_the_parts_in_order():
    parts = [b"he", memoryview(b"llo"), bytearray(b"!")]
    assert encode_block(1, header(), parts) == encode_block(1, header(), [b"hello!"])
    assert encode_block(1, header(), parts) != encode_block(1, header(), parts[::-1])


def test_a_block_head_is_48_bytes_and_its_body_is_left_to_the_caller():
    assert len(encode_block(1, header(), [b"hello"])) == 48


@pytest.mark.parametrize(
    ("codec", "body"), [(Codec.RAW, b"123456789"), (Codec.RAW, b"12345678901"), (Codec.ZSTD, b"12345678901")]
)
def test_no_body_may_be_longer_than_its_content_and_raw_is_exactly_as_long(codec, body):
    with pytest.raises(ValueError, match=r"raw_length is 10|allowed is 1\.\.10"):
        encode_block(1, header(codec), [body])


@pytest.mark.parametrize("stream", [-1, 65536])
def test_a_stream_that_the_header_cannot_hold_is_refused(stream):
    with pytest.raises(ValueError, match=r"allowed is 0\.\.65535"):
        encode(Cancel(), stream)


def test_a_frame_comes_out_as_it_went_in():
    decoder = FrameDecoder(lane=Lane.CONTROL_FROM_RECEIVER, max_block=65536)
    frame = Durable(runs=((0, 3), (9, 1)))
    assert decoder.feed(encode(frame)) == [FrameArrived(stream=0, frame=frame)]


def test_a_block_comes_out_as_it_went_in():
    decoder = FrameDecoder(lane=Lane.DATA_FROM_SENDER, max_block=65536)
    started, arrived = decoder.feed(encode_block(4, header(), [b"hello"]) + b"hello")
    assert started == BlockStarted(stream=4, header=header(), body_length=5)
    assert arrived == BlockArrived(stream=4, header=header(), body=memoryview(b"hello"))
