from dwcp_runtime.encoding.asking import Asking
from dwcp_runtime.encoding.encoded import Codec, Encoded

BLOCK = 1 << 20


def block(body, length=BLOCK):
    return Encoded(codec=Codec.ZSTD, raw_length=length, digest=bytes(16), parts=(bytes(body),))


def test_nothing_is_asked_about_a_block_that_is_small_already():
    question = BLOCK // 4096 * 8
    assert not Asking().worthwhile(block(8 * question - 1))
    assert Asking().worthwhile(block(8 * question))
    assert not Asking().worthwhile(block(4095, length=4095))


def test_a_receiver_that_knows_nothing_is_asked_rarely_until_it_knows_something():
    asking = Asking()
    for _ in range(32):
        assert asking.worthwhile(block(BLOCK))
        asking.answered(bytes(32))
    asked = [asking.worthwhile(block(BLOCK)) for _ in range(96)]
    assert sum(asked) == 3
    asking.answered(bytes(31) + b"\x80")
    assert all(asking.worthwhile(block(BLOCK)) for _ in range(32))
