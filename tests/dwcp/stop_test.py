"""Ends that stop: for a while, for good, or in order."""

import asyncio
import signal

from dwcp_runtime.transport.listen import listen
from tests.dwcp.processes import Receiving, Sending, receiving, run, send, until
from tests.dwcp.proxy import proxied

MIB = 1 << 20
SLOW = ("--level", "0", "--rate", "80M", "--streams", "2")


async def passed(proxy, count):
    await until(lambda: proxy.up > count, f"{count} bytes from the sender")


def test_a_receiver_that_stops_for_a_while_stops_the_sender_and_both_go_on(tmp_path, image, here, there):
    async def scenario():
        source = image(48)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(
                source, proxy.port, "disk.img", "--level", "0", "--rate", "200M", tls=here
            )
            await passed(proxy, 4 * MIB)
            receiver.signal(signal.SIGSTOP)
            before, still = -1, 0
            # What lies between takes what its buffers hold, and not a byte more.
            while still < 10:
                still = still + 1 if proxy.up == before else 0
                before = proxy.up
                await asyncio.sleep(0.1)
            assert before < source.stat().st_size
            assert sending.running
            receiver.signal(signal.SIGCONT)
            done = await sending.outcome()
            assert (done.code, done.report["resent"]) == (0, 0)
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_a_sender_that_stops_for_a_while_goes_on(tmp_path, image, here, there):
    async def scenario():
        source = image(16)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", *SLOW, tls=here)
            await passed(proxy, 4 * MIB)
            sending.signal(signal.SIGSTOP)
            await asyncio.sleep(1.5)
            sending.signal(signal.SIGCONT)
            done = await sending.outcome()
            assert (done.code, done.report["resent"]) == (0, 0)

    run(scenario())


def test_a_peer_that_never_reads_costs_the_sender_no_memory_and_ends_in_an_error(tmp_path, image):
    async def scenario():
        source = image(256)
        taken = []

        async def never_read(arrival):
            taken.append(arrival)
            arrival.welcome()
            await asyncio.sleep(3600)

        listener = await listen("127.0.0.1", 0, never_read, contexts=None)
        sending = await Sending.start(source, listener.port, "disk.img", "--patience", "0")
        await until(lambda: taken, "a connection")
        failed = await sending.outcome()
        assert (failed.code, failed.report["code"]) == (3, "timeout")
        await listener.close()

    run(scenario())


def test_a_receiver_that_is_told_to_end_tells_its_senders_and_they_come_back(tmp_path, image, here, there):
    async def scenario():
        source = image(24)
        folder = tmp_path / "there"
        receiver = await Receiving.start(folder, tls=there)
        async with proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", *SLOW, tls=here)
            impatient = await Sending.start(
                source, proxy.port, "other.img", *SLOW, "--patience", "0", tls=here
            )
            await passed(proxy, 8 * MIB)
            assert await receiver.stop() == 0
            assert sorted(ended["code"] for ended in receiver.ended) == ["draining", "draining"]
            assert receiver.visible() == {}
            stopped = await impatient.outcome()
            assert (stopped.code, stopped.report["code"]) == (3, "draining")
            assert sending.running
            before = proxy.up
            again = await Receiving.start(folder, tls=there, port=receiver.port)
            done = await sending.outcome()
            assert done.code == 0
            kept = sum(ended["durable"] for ended in receiver.ended if ended["name"] == "disk.img")
            assert kept > 0
            assert proxy.up - before < (source.stat().st_size - kept) * 1.01 + 256 * 1024
            assert await again.stop() == 0
        assert (folder / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_a_receiver_ends_at_once_also_with_connections_that_say_nothing(tmp_path, image, here, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            idle = [await asyncio.open_connection("127.0.0.1", receiver.port) for _ in range(5)]
            begin = asyncio.get_running_loop().time()
            assert await receiver.stop() == 0
            # Far below the ten seconds that a stranger has.
            assert asyncio.get_running_loop().time() - begin < 8
            assert receiver.said == []
            for _, writer in idle:
                writer.close()

    run(scenario())


def test_a_sender_to_nobody_gives_up_after_its_patience(tmp_path, image):
    async def scenario():
        failed = await send(image(1), 9, "disk.img", "--patience", "0.5")
        assert (failed.code, failed.report["code"]) == (3, "closed")
        assert "Traceback" not in failed.said

    run(scenario())


def test_a_source_that_is_changed_meanwhile_is_not_published(tmp_path, image, here, there):
    async def scenario():
        source = image(16)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            sending = await Sending.start(source, proxy.port, "disk.img", *SLOW, tls=here)
            await passed(proxy, 4 * MIB)
            with source.open("r+b") as file:
                file.write(b"changed")
            failed = await sending.outcome()
            assert (failed.code, failed.report["code"]) == (6, "source-changed")
            assert receiver.visible() == {}

    run(scenario())
