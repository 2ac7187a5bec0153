"""A stream that is slower than the others."""

from tests.dwcp.processes import Sending, receiving, run, until
from tests.dwcp.proxy import proxied

MIB = 1 << 20


def test_what_a_slow_stream_holds_back_at_the_end_goes_by_another_and_is_counted_apart(
    tmp_path, image, here, there
):
    async def scenario():
        # Much more than the kernels take of a stream that stands still, which has to be in mid-block.
        source = image(64)
        size = source.stat().st_size
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            options = ("--level", "0", "--streams", "2")
            sending = await Sending.start(source, proxy.port, "disk.img", *options, tls=here)
            await until(lambda: proxy.up > 4 * MIB, "the middle of the transfer")
            slow = proxy.data()[0]
            slow.held = True
            await until(receiver.visible, "the file, without the rest of the slow stream")
            assert slow.held
            slow.held = False
            done = await sending.outcome()
            assert done.code == 0, done
            late = done.report["duplicated"]
            assert 0 < late == done.report["resent"] < size // 2
            # All that went beside the file is what went twice, also what came when it was there.
            assert proxy.up - size <= late + late // 256 + size // 256 + (64 << 10)
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())
