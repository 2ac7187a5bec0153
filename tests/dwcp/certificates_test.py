"""Who may come in, by certificate."""

import shutil
import signal
from datetime import UTC, datetime

import trustme

from tests.dwcp.processes import HERE, THERE, Sending, receiving, run, send, until
from tests.dwcp.proxy import proxied

PAST = datetime(2001, 1, 1, tzinfo=UTC)


def test_who_is_not_to_come_in_gets_nothing_and_is_told_why(tmp_path, image, certificate, there):
    async def scenario():
        source = image(1)
        stranger = certificate("stranger.test.dwcp.novacron.io")
        expired = certificate(HERE, not_after=PAST)
        foreign = certificate(HERE, issuer=trustme.CA())
        async with receiving(tmp_path / "there", tls=there) as receiver:
            reasons = {stranger: "stranger.test.dwcp.novacron.io", expired: "expired", foreign: "authority"}
            for folder, why in reasons.items():
                refused = await send(source, receiver.port, "disk.img", tls=folder)
                assert (refused.code, refused.report["code"]) == (4, "unauthorised"), refused
                assert why in refused.said
                await until(lambda: any(why in line for line in receiver.said), "the reason")  # noqa: B023
            # A sender dials several connections, and the receiver has a word on each that it judged.
            assert all(any(why in line for why in reasons.values()) for line in receiver.said), receiver.said
            assert receiver.visible() == {}
            assert receiver.staged() == []
            assert receiver.ended == []

    run(scenario())


def test_a_receiver_that_is_not_the_one_expected_gets_nothing(tmp_path, image, certificate, here):
    async def scenario():
        source = image(1)
        for impostor in (certificate("impostor.test.dwcp.novacron.io"), certificate(THERE, not_after=PAST)):
            async with receiving(tmp_path / impostor.name, tls=impostor) as receiver:
                refused = await send(source, receiver.port, "disk.img", tls=here)
                assert (refused.code, refused.report["code"]) == (4, "unauthorised"), refused
                assert receiver.visible() == {}

    run(scenario())


def test_certificates_are_renewed_between_connections_while_both_ends_run(
    tmp_path, image, certificate, there, here
):
    """The receiver's files are replaced while it runs, and the sender's while its transfer does."""

    async def scenario():
        source = image(12)
        mine, theirs = tmp_path / "mine", tmp_path / "theirs"
        shutil.copytree(here, mine)
        shutil.copytree(certificate(THERE, not_after=PAST), theirs)
        async with receiving(tmp_path / "there", tls=theirs) as receiver, proxied(receiver.port) as proxy:
            refused = await send(source, receiver.port, "disk.img", tls=mine)
            assert refused.code == 4
            certificate(THERE, folder=theirs)
            slow = ("--level", "0", "--rate", "40M", "--streams", "1")
            sending = await Sending.start(source, proxy.port, "disk.img", *slow, tls=mine)
            await until(lambda: proxy.up > 2 << 20, "the middle of the transfer")
            certificate(HERE, folder=mine)
            certificate(THERE, folder=theirs)
            assert proxy.cut() == 2
            done = await sending.outcome()
            assert done.code == 0, done
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())


def test_a_plain_sender_and_a_receiver_under_tls_say_that_they_do_not_fit(tmp_path, image, there):
    async def scenario():
        async with receiving(tmp_path / "there", tls=there) as receiver:
            failed = await send(image(1), receiver.port, "disk.img", "--patience", "0")
            assert failed.code in (3, 7)
            assert "Traceback" not in failed.said
            await until(lambda: receiver.said, "the receiver's word")
            assert all("does not speak TLS" in line for line in receiver.said), receiver.said

    run(scenario())


def test_an_interrupted_sender_says_so_and_the_same_command_goes_on(tmp_path, image, here, there):
    async def scenario():
        source = image(16)
        async with receiving(tmp_path / "there", tls=there) as receiver, proxied(receiver.port) as proxy:
            for number in (signal.SIGINT, signal.SIGTERM):
                slow = ("--level", "0", "--rate", "80M")
                before = proxy.up
                sending = await Sending.start(source, proxy.port, "disk.img", *slow, tls=here)
                await until(lambda: proxy.up > before + (4 << 20), "the middle of the transfer")  # noqa: B023
                sending.signal(number)
                stopped = await sending.outcome()
                assert (stopped.code, stopped.report["state"]) == (130, "cancelled")
                assert "Traceback" not in stopped.said
                assert "the same command goes on" in stopped.said
            done = await send(source, receiver.port, "disk.img", "--level", "0", tls=here)
            assert (done.code, done.report["resumed"] > 0) == (0, True)
        assert (tmp_path / "there" / "disk.img").read_bytes() == source.read_bytes()

    run(scenario())
