from dwcp_runtime.encoding.encoded import Codec, Encoded
from dwcp_runtime.transport.block_head import block_head
from dwcp_runtime.transport.frame_decoder import BlockArrived, FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import BlockHeader, Zeros
from dwcp_runtime.transport.frames import Codec as WireCodec
from dwcp_runtime.transport.lane import Lane
from dwcp_runtime.transport.limits import MIN_BLOCK


def decoded(data):
    return FrameDecoder(lane=Lane.DATA_FROM_SENDER, max_block=MIN_BLOCK).feed(data)


def test_a_block_arrives_with_the_form_and_the_digest_it_was_encoded_with():
    encoded = Encoded(codec=Codec.ZSTD, raw_length=MIN_BLOCK, digest=b"d" * 16, parts=(b"ab", b"c"))
    *_, arrived = decoded(block_head(2, 7, 1, encoded) + b"abc")

    assert isinstance(arrived, BlockArrived)
    assert (arrived.stream, bytes(arrived.body)) == (2, b"abc")
    assert arrived.header == BlockHeader(
        index=7, codec=WireCodec.ZSTD, raw_length=MIN_BLOCK, digest=b"d" * 16
    )


def test_a_run_of_zeros_is_one_frame():
    encoded = Encoded(codec=Codec.ZERO, raw_length=MIN_BLOCK, digest=bytes(16), parts=())

    assert decoded(block_head(2, 7, 5, encoded)) == [FrameArrived(stream=2, frame=Zeros(start=7, count=5))]
