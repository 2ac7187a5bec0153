from charts_py.contract import agent_memory
from charts_py.contract.quantity import parse


def needed(max_streams: int = 1, volume: str = "1Gi") -> int:
    return agent_memory.needed(max_streams=max_streams, volume=volume).nano // 10**9


def test_each_stream_of_the_pool_takes_a_block_and_its_tls_each_way():
    stream = agent_memory.BLOCK_BYTES + agent_memory.TLS_BYTES
    assert needed(max_streams=17) - needed(max_streams=1) == 2 * 16 * stream


def test_an_image_that_fills_the_volume_can_be_indexed():
    pages = (16 << 30) // agent_memory.PAGE_BYTES
    assert needed(volume="16Gi") > pages * agent_memory.INDEXING_PAGE_BYTES


def test_memory_stops_growing_with_the_volume_at_the_most_pages_of_the_inventory():
    full = agent_memory.INVENTORY_PAGES * agent_memory.PAGE_BYTES
    assert needed(volume=str(full // 2)) < needed(volume=str(full)) == needed(volume=str(32 * full))


def test_the_amount_is_one_that_people_read():
    said = agent_memory.needed(max_streams=512, volume="20Gi")
    assert str(said).endswith("Mi")
    assert parse(str(said)) == said
