import asyncio
import os
import ssl
from datetime import UTC, datetime

import pytest

from dwcp_runtime.transport.channel import SMALL, WORTH_WAKING
from dwcp_runtime.transport.conftest import HERE, THERE, run, tcp_pair
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.plain_channel import PlainChannel
from dwcp_runtime.transport.tls_channel import RECORD, TlsChannel
from dwcp_runtime.transport.tls_context import load

PAST = datetime(2001, 1, 1, tzinfo=UTC)


async def secure(channel):
    """A handshake, and the first read, in which a dialler learns what the other end thinks of it."""
    try:
        await channel.handshake()
        await channel.send(b"!")
        await channel.read_into(memoryview(bytearray(1)))
        return channel
    except DwcpError as error:
        await channel.shut(linger=0.2)
        return error


async def meet(client_folder, server_folder):
    left, right = tcp_pair()
    return await asyncio.gather(
        secure(TlsChannel(left, load(client_folder).client, server_side=False)),
        secure(TlsChannel(right, load(server_folder).server, server_side=True)),
    )


def test_large_buffers_arrive_whole_in_both_directions_at_once(tls_folder):
    async def go():
        left, right = await meet(tls_folder(HERE), tls_folder(THERE))
        data = [os.urandom(3_000_001), os.urandom(17)]
        wanted = b"".join(data)
        got_left, got_right = bytearray(len(wanted)), bytearray(len(wanted))
        await asyncio.gather(
            left.send(*data),
            right.send(*data),
            left.read_into(memoryview(got_left)),
            right.read_into(memoryview(got_right)),
        )
        assert got_left == got_right == wanted
        # What TCP carried: the records' own bytes are counted too.
        assert left.bytes_out > len(wanted)
        left.close()
        right.close()

    run(go())


def test_nobody_waits_for_more_bytes_than_the_records_of_what_was_asked_for(tls_folder):
    async def go():
        left, right = await meet(tls_folder(HERE), tls_folder(THERE))
        for size in (
            1,
            SMALL,
            SMALL + 1,
            RECORD - 1,
            2 * RECORD,
            WORTH_WAKING,
            WORTH_WAKING + RECORD,
            1 << 20,
        ):
            for cut in (0, 1, size // 2, size - 1):
                reading = asyncio.create_task(right.read_into(memoryview(bytearray(size))))
                await left.send(bytes(cut))
                await asyncio.sleep(0.002)
                await left.send(bytes(size - cut))
                await reading
        left.close()
        right.close()

    run(go())


def test_both_ends_know_the_names_of_the_other_and_speak_tls_1_3(tls_folder):
    async def go():
        left, right = await meet(tls_folder(HERE), tls_folder(THERE))
        assert left.peer_names == {THERE}
        assert right.peer_names == {HERE}
        assert left.version == right.version == "TLSv1.3"
        left.close()
        right.close()

    run(go())


def test_an_orderly_end_is_read_as_the_end_and_a_cut_as_an_error(tls_folder):
    async def go():
        left, right = await meet(tls_folder(HERE), tls_folder(THERE))
        shutting = asyncio.create_task(left.shut())
        assert await right.read_some(memoryview(bytearray(1))) == 0
        right.close()
        await shutting

        left, right = await meet(tls_folder(HERE), tls_folder(THERE))
        left.close()
        with pytest.raises(DwcpError) as caught:
            await right.read_some(memoryview(bytearray(1)))
        assert caught.value.code is ErrorCode.CLOSED
        right.close()

    run(go())


def test_an_expired_certificate_of_the_dialler_is_refused_and_both_ends_say_so(tls_folder):
    left, right = run(meet(tls_folder(HERE, not_after=PAST), tls_folder(THERE)))
    assert right.code is left.code is ErrorCode.UNAUTHORISED
    assert "has expired" in right.message
    assert "refuses this side's certificate" in left.message
    assert "expired" in left.message


def test_an_expired_certificate_of_the_listener_is_refused_and_both_ends_say_so(tls_folder):
    left, right = run(meet(tls_folder(HERE), tls_folder(THERE, not_after=PAST)))
    assert left.code is right.code is ErrorCode.UNAUTHORISED
    assert "has expired" in left.message
    assert "expired" in right.message


def test_a_certificate_of_another_authority_is_refused_and_both_ends_say_so(tls_folder, other_authority):
    left, right = run(meet(tls_folder(HERE, issuer=other_authority), tls_folder(THERE)))
    assert left.code is right.code is ErrorCode.UNAUTHORISED
    assert "not in ca.crt" in right.message
    assert "does not know its authority" in left.message


def test_a_dialler_without_a_certificate_is_refused_and_both_ends_say_so(tls_folder):
    async def go():
        folder = tls_folder(THERE)
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.check_hostname = False
        bare.load_verify_locations(folder / "ca.crt")
        left, right = tcp_pair()
        return await asyncio.gather(
            secure(TlsChannel(left, bare, server_side=False)),
            secure(TlsChannel(right, load(folder).server, server_side=True)),
        )

    left, right = run(go())
    assert left.code is right.code is ErrorCode.UNAUTHORISED
    assert "has shown no certificate" in right.message
    assert "because there was none" in left.message


def test_a_peer_of_tls_1_2_is_refused(tls_folder):
    async def go():
        folder = tls_folder(THERE)
        old = load(folder).client
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        left, right = tcp_pair()
        return await asyncio.gather(
            secure(TlsChannel(left, old, server_side=False)),
            secure(TlsChannel(right, load(folder).server, server_side=True)),
        )

    left, right = run(go())
    assert left.code is right.code is ErrorCode.VERSION


@pytest.mark.parametrize("words", [b"DWCP\1\1\0\0", b"GET / HTTP/1.1\r\n\r\n", bytes(64), b"\xff" * 64])
def test_a_plain_peer_gets_a_typed_error_and_no_hang(tls_folder, words):
    async def go():
        left, right = tcp_pair()
        plain = PlainChannel(left)
        await plain.send(words)
        outcome = await secure(TlsChannel(right, load(tls_folder(THERE)).server, server_side=True))
        plain.close()
        return outcome

    assert run(go()).code in (ErrorCode.NOT_DWCP, ErrorCode.VERSION)


def test_a_byte_changed_on_the_way_is_corrupt(tls_folder):
    async def go():
        left, right = await meet(tls_folder(HERE), tls_folder(THERE))
        left._tls.write(bytes(1000))
        record = bytearray(left._outgoing.read())
        record[500] ^= 1
        left.sock.sendall(record)
        with pytest.raises(DwcpError) as caught:
            await right.read_into(memoryview(bytearray(1000)))
        left.close()
        right.close()
        return caught.value.code

    assert run(go()) is ErrorCode.CORRUPT


def test_channels_of_one_event_loop_do_not_mix_what_they_receive(tls_folder):

    async def go():
        pairs = [await meet(tls_folder(HERE), tls_folder(THERE)) for _ in range(4)]
        data = [os.urandom(700_000) for _ in pairs]
        got = [bytearray(700_000) for _ in pairs]
        await asyncio.gather(
            *(left.send(content) for (left, _), content in zip(pairs, data, strict=True)),
            *(right.read_into(memoryview(into)) for (_, right), into in zip(pairs, got, strict=True)),
        )
        for left, right in pairs:
            left.close()
            right.close()
        assert [bytes(into) for into in got] == data

    run(go())
