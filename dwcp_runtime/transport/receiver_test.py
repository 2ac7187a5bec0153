import asyncio
import threading

from dwcp_runtime.encoding import page_index
from dwcp_runtime.encoding.inventory import Inventory
from dwcp_runtime.transport.conftest import run
from dwcp_runtime.transport.ends_for_tests import image, receiving, until


def test_a_receiver_that_ends_reads_no_image_to_its_end(tmp_path, monkeypatch):
    folder = tmp_path / "there"
    folder.mkdir()
    source = image(folder / "large.img", 8 * page_index.ROOT_BLOCK)
    offsets, ended = [], threading.Event()
    read = page_index.read_into

    def slow(descriptor, offset, into):
        offsets.append(offset)
        ended.wait(10)
        return read(descriptor, offset, into)

    async def go():
        async with receiving(folder):
            await until(lambda: bool(offsets))
        ended.set()
        await asyncio.get_running_loop().shutdown_default_executor()

    monkeypatch.setattr(page_index, "read_into", slow)
    run(go())
    assert offsets == [0]
    assert Inventory(folder, folder / ".dwcp" / "inventory").missing() == [source]
