import pytest
from blake3 import blake3

from dwcp_runtime.encoding.block_digest import digest, root, zero_digest


def test_a_digest_is_the_beginning_of_blake3():
    assert digest(b"block") == blake3(b"block").digest()[:16]
    assert zero_digest(5000) == digest(bytes(5000))


def test_a_root_covers_size_block_size_and_the_order_of_the_blocks():
    digests = digest(b"a") + digest(b"b")
    head = (100).to_bytes(8, "big") + (64).to_bytes(4, "big")
    assert root(100, 64, digests) == blake3(head + digests).digest()
    others = {root(101, 64, digests), root(100, 65, digests), root(100, 64, digests[16:] + digests[:16])}
    assert len(others | {root(100, 64, digests)}) == 4


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_root_of_too_few_or_too_many_blocks_is_refused(count):
    with pytest.raises(ValueError, match="100 bytes in blocks of 64"):
        root(100, 64, bytes(16 * count))
