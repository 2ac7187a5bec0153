import struct

import pytest
import xxhash
from hypothesis import example, given
from hypothesis import strategies as st

from dwcp_runtime.transport import limits
from dwcp_runtime.transport.capabilities import ALL, Capability
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode, encode_block
from dwcp_runtime.transport.frame_decoder import BlockArrived, BlockStarted, FrameArrived, FrameDecoder
from dwcp_runtime.transport.frames import (
    Answer,
    Attach,
    Attached,
    BlockHeader,
    Cancel,
    Codec,
    Drain,
    Durable,
    Error,
    Finish,
    Finished,
    Have,
    Hello,
    Open,
    Opened,
    Ping,
    Pong,
    Query,
    Report,
    Resend,
    ResendReason,
    Zeros,
)
from dwcp_runtime.transport.lane import MAY_ARRIVE, Lane
from dwcp_runtime.transport.payloads import LAYOUTS

MAX_BLOCK = limits.MIN_BLOCK

u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)
index = st.integers(0, limits.MAX_INDEX - 1)
identity = st.binary(min_size=16, max_size=16)
root = st.binary(min_size=32, max_size=32)
run = st.integers(1, limits.MAX_INDEX).flatmap(
    lambda count: st.tuples(st.integers(0, limits.MAX_INDEX - count), st.just(count))
)
block_size = st.integers(16, 23).map(lambda power: 2**power)


def text(longest, shortest=0):
    characters = st.characters(exclude_categories=["C", "Z"])
    return st.text(characters, min_size=shortest, max_size=longest // 4)


frames = st.one_of(
    st.builds(
        Hello,
        capabilities=u64,
        max_block=st.integers(16, 31).map(lambda power: 2**power),
        max_streams=st.integers(1, 65535),
        agent=text(64),
    ),
    st.builds(Error, code=st.integers(1, 65535), retryable=st.booleans(), message=text(1024)),
    st.builds(Ping, nonce=u64),
    st.builds(Pong, nonce=u64),
    st.builds(
        Open,
        transfer=identity,
        size=st.integers(0, limits.MAX_INDEX),
        block_size=block_size,
        mode=st.integers(0, 0o777),
        name=text(1024, 1),
        baseline=st.none() | root.filter(any),
    ),
    st.builds(
        Opened,
        transfer=identity,
        token=identity,
        streams=st.integers(1, 512),
        have=index,
        inventory_pages=u64,
        baseline_known=st.booleans(),
    ),
    st.builds(Have, entries=st.lists(st.tuples(index, identity), min_size=1, max_size=9).map(tuple)),
    st.builds(Attach, transfer=identity, token=identity),
    st.builds(Attached),
    st.builds(Zeros, start=st.just(0), count=st.integers(1, limits.MAX_INDEX)),
    run.map(lambda pair: Zeros(start=pair[0], count=pair[1])),
    st.builds(Query, index=index, fingerprints=st.lists(u64, min_size=1, max_size=20).map(tuple)),
    st.builds(Answer, index=index, known=st.binary(min_size=1, max_size=256)),
    st.builds(Durable, runs=st.lists(run, min_size=1, max_size=9).map(tuple)),
    st.builds(Resend, index=index, reason=st.sampled_from(ResendReason)),
    st.builds(Report, disk_sink=u32, decode=u32, idle=u32, stored=u64),
    st.builds(Finish, root=root),
    st.builds(Finished, root=root),
    st.builds(Cancel),
    st.builds(Drain),
)


@st.composite
def blocks(draw):
    body = draw(st.binary(min_size=1, max_size=300))
    codec = draw(st.sampled_from(Codec))
    longer = 0 if codec is Codec.RAW else draw(st.integers(0, 200))
    header = BlockHeader(index=draw(index), codec=codec, raw_length=len(body) + longer, digest=draw(identity))
    return header, body


def lane_of(kind):
    return next(lane for lane in Lane if kind in MAY_ARRIVE[lane])


def stream_of(lane, kind):
    return 3 if lane.is_data or kind == Attach.TYPE else 0


def decoder(lane, *, max_block=MAX_BLOCK, **options):
    return FrameDecoder(lane=lane, max_block=max_block, **options)


@st.composite
def wire(draw):
    """A lane, the bytes of one frame that may arrive there, and the event that they must give."""
    if draw(st.integers(0, 4)) == 0:
        header, body = draw(blocks())
        data = encode_block(3, header, [body]) + body
        return Lane.DATA_FROM_SENDER, data, BlockArrived(stream=3, header=header, body=memoryview(body))
    frame = draw(frames)
    lane = lane_of(frame.TYPE)
    stream = stream_of(lane, frame.TYPE)
    return lane, encode(frame, stream), FrameArrived(stream=stream, frame=frame)


def chunks(data, sizes):
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


def fed(reader, data, sizes=()):
    return [event for chunk in chunks(data, sizes) for event in reader.feed(chunk)]


def whole(events):
    return [event for event in events if not isinstance(event, BlockStarted)]


def sealed(kind, payload, stream=0, flags=0):
    """A frame whose tag holds, whatever is in it."""
    head = struct.pack(">BBHI", kind, flags, stream, len(payload))
    return head + struct.pack(">Q", xxhash.xxh3_64_intdigest(payload, int.from_bytes(head, "big"))) + payload


def refusal(reader, data):
    with pytest.raises(DwcpError) as raised:
        reader.feed(data)
    return raised.value


sizes = st.lists(st.integers(1, 60), max_size=30)


@given(wire(), sizes)
def test_every_frame_comes_out_as_it_went_in_however_it_is_cut(case, sizes):
    lane, data, expected = case
    reader = decoder(lane, max_block=limits.MAX_BLOCK)
    assert whole(fed(reader, data, sizes)) == [expected]
    assert reader.at_boundary
    reader.eof()


@given(st.sampled_from(Lane), st.binary(max_size=400), sizes)
def test_any_bytes_give_frames_or_a_typed_error(lane, data, sizes):
    read_to_the_end(decoder(lane), data, sizes)


@given(
    st.sampled_from([(lane, kind) for lane in Lane for kind in sorted(MAY_ARRIVE[lane])]),
    st.binary(max_size=130),
    sizes,
)
def test_any_payload_under_a_tag_that_holds_gives_a_frame_or_a_typed_error(where, payload, sizes):
    lane, kind = where
    read_to_the_end(decoder(lane), sealed(kind, payload, stream_of(lane, kind)), sizes)


@given(wire(), st.data())
def test_bytes_spoiled_anywhere_give_frames_or_a_typed_error(case, data):
    lane, good, _ = case
    at = data.draw(st.integers(0, len(good)))
    spoiled = good[:at] + data.draw(st.binary(max_size=20)) + good[data.draw(st.integers(at, len(good))) :]
    read_to_the_end(decoder(lane), spoiled, data.draw(sizes))


def read_to_the_end(reader, data, sizes):
    longest = longest_of(reader.lane)
    try:
        for chunk in chunks(data, sizes):
            reader.feed(chunk)
            longest = max(longest, longest_of(reader.lane))
            if not reader.waiting_for_body:
                assert 1 <= len(reader.wanted()) <= longest
        reader.eof()
    except DwcpError as error:
        with pytest.raises(DwcpError) as again:
            reader.feed(b"x")
        assert again.value is error
        assert not reader.at_boundary


def longest_of(lane):
    kinds = MAY_ARRIVE[lane]
    block = MAX_BLOCK if BlockHeader.TYPE in kinds else 0
    return max(block, *(LAYOUTS[kind].longest for kind in kinds if kind in LAYOUTS))


@given(wire(), st.data())
def test_a_flipped_bit_never_gives_a_frame(case, data):
    lane, good, _ = case
    bit = data.draw(st.integers(0, len(good) * 8 - 1))
    spoiled = bytearray(good)
    spoiled[bit // 8] ^= 1 << bit % 8
    reader = decoder(lane)
    try:
        assert whole(fed(reader, bytes(spoiled) + good)) == []
    except DwcpError:
        return
    assert not reader.at_boundary


@pytest.mark.parametrize("frame", [Zeros(start=1, count=2), Attached(), Finish(root=bytes(32))])
def test_no_bit_of_a_frame_is_uncovered(frame):
    lane = lane_of(frame.TYPE)
    good = encode(frame, stream_of(lane, frame.TYPE))
    for bit in range(len(good) * 8):
        spoiled = bytearray(good)
        spoiled[bit // 8] ^= 1 << bit % 8
        reader = decoder(lane)
        try:
            events = whole(fed(reader, bytes(spoiled)))
        except DwcpError:
            continue
        assert events == []


@given(wire(), st.data())
def test_a_cut_frame_is_a_typed_error_at_the_end(case, data):
    lane, good, _ = case
    reader = decoder(lane)
    reader.feed(good[: data.draw(st.integers(1, len(good) - 1))])
    assert not reader.at_boundary
    with pytest.raises(DwcpError) as raised:
        reader.eof()
    assert raised.value.code is ErrorCode.CLOSED
    assert raised.value.retryable


def test_the_error_of_a_cut_says_how_much_arrived():
    header = BlockHeader(index=1, codec=Codec.RAW, raw_length=100, digest=bytes(16))
    data = encode_block(3, header, [bytes(100)]) + bytes(100)
    for length, words in {
        5: "5 of 16 bytes of a frame header",
        20: "4 of 132 bytes",
        48: "32 of 132 bytes",
        98: "82 of 132 bytes of the payload of BLOCK",
    }.items():
        reader = decoder(Lane.DATA_FROM_SENDER)
        reader.feed(data[:length])
        with pytest.raises(DwcpError, match=words):
            reader.eof()


def test_the_body_is_written_where_the_caller_said_and_nowhere_else():
    header = BlockHeader(index=1, codec=Codec.RAW, raw_length=1000, digest=bytes(16))
    body = bytes(range(250)) * 4
    data = encode_block(3, header, [body]) + body
    reader = decoder(Lane.DATA_FROM_SENDER)
    pool = bytearray(b"!" * 1002)
    at = 0
    event = None
    while event is None:
        target = reader.wanted()
        target[:] = data[at : at + len(target)]
        at += len(target)
        event = reader.received(len(target))
    assert event == BlockStarted(stream=3, header=header, body_length=1000)
    assert at == 48
    reader.provide(memoryview(pool)[1:1001])
    event = None
    while event is None:
        target = reader.wanted()[:7]
        target[:] = data[at : at + len(target)]
        at += len(target)
        event = reader.received(len(target))
    assert event == BlockArrived(stream=3, header=header, body=memoryview(body))
    assert event.body.obj is pool
    assert pool[0] == pool[-1] == ord("!")


def test_a_body_that_was_not_written_as_sent_is_corrupt():
    header = BlockHeader(index=1, codec=Codec.RAW, raw_length=10, digest=bytes(16))
    reader = decoder(Lane.DATA_FROM_SENDER)
    error = refusal(reader, encode_block(3, header, [b"0123456789"]) + b"0123456780")
    assert (error.code, error.retryable) == (ErrorCode.CORRUPT, True)


def test_nothing_is_read_while_a_block_has_no_buffer():
    header = BlockHeader(index=1, codec=Codec.RAW, raw_length=10, digest=bytes(16))
    reader = decoder(Lane.DATA_FROM_SENDER)
    reader.feed(encode_block(3, header, [b"0123456789"]))
    with pytest.raises(RuntimeError, match="provide"):
        reader.wanted()
    with pytest.raises(ValueError, match="received"):
        reader.received(1)


@pytest.mark.parametrize("buffer", [bytearray(9), bytearray(11), bytes(10)])
def test_a_buffer_that_does_not_fit_the_body_is_refused(buffer):
    header = BlockHeader(index=1, codec=Codec.RAW, raw_length=10, digest=bytes(16))
    reader = decoder(Lane.DATA_FROM_SENDER)
    reader.feed(encode_block(3, header, [b"0123456789"]))
    with pytest.raises(ValueError, match="10 bytes"):
        reader.provide(memoryview(buffer))


@pytest.mark.parametrize("count", [0, -1, 17])
def test_more_than_was_wanted_cannot_have_been_received(count):
    with pytest.raises(ValueError, match=r"1\.\.16"):
        decoder(Lane.DATA_FROM_SENDER).received(count)


@pytest.mark.parametrize("kind", sorted([*LAYOUTS, BlockHeader.TYPE]))
@given(length=st.integers(0, 2**32 - 1))
@example(length=2**32 - 1)
def test_a_length_out_of_bounds_is_refused_from_the_header_alone(kind, length):
    lane = lane_of(kind)
    reader = decoder(lane)
    head = struct.pack(">BBHIQ", kind, 0, stream_of(lane, kind), length, 0)
    if kind == BlockHeader.TYPE:
        longest, allowed = 32 + MAX_BLOCK, 32 < length <= 32 + MAX_BLOCK
    else:
        longest, allowed = LAYOUTS[kind].longest, LAYOUTS[kind].allows(length)
    if allowed and length:
        assert reader.feed(head) == []
        assert len(reader.wanted()) <= longest
    elif not allowed:
        error = refusal(reader, head)
        assert error.code is (ErrorCode.OVERSIZED if length > longest else ErrorCode.MALFORMED)


@pytest.mark.parametrize(
    ("length", "code"),
    [
        (32, ErrorCode.MALFORMED),
        (33, None),
        (32 + MAX_BLOCK, None),
        (33 + MAX_BLOCK, ErrorCode.OVERSIZED),
    ],
)
def test_a_block_holds_one_byte_at_least_and_a_block_at_most(length, code):
    reader = decoder(Lane.DATA_FROM_SENDER)
    head = struct.pack(">BBHIQ", BlockHeader.TYPE, 0, 3, length, 0)
    if code is None:
        assert reader.feed(head) == []
    else:
        assert refusal(reader, head).code is code


@pytest.mark.parametrize("kind", sorted(LAYOUTS))
def test_the_longest_frame_is_read_and_a_longer_one_refused(kind):
    lane, layout = lane_of(kind), LAYOUTS[kind]
    over = struct.pack(">BBHIQ", kind, 0, stream_of(lane, kind), layout.longest + 1, 0)
    assert refusal(decoder(lane), over).code is ErrorCode.OVERSIZED
    if layout.longest:
        full = struct.pack(">BBHIQ", kind, 0, stream_of(lane, kind), layout.longest, 0)
        assert decoder(lane).feed(full) == []


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("kind", [0, 0x05, *sorted(LAYOUTS), BlockHeader.TYPE, 0xFF])
def test_a_frame_where_it_does_not_belong_is_malformed(lane, kind):
    length = 33 if kind == BlockHeader.TYPE else LAYOUTS[kind].shortest if kind in LAYOUTS else 0
    head = struct.pack(">BBHIQ", kind, 0, stream_of(lane, kind), length, 0)
    reader = decoder(lane)
    if kind in MAY_ARRIVE[lane] and length:
        assert reader.feed(head) == []
        return
    error = refusal(reader, head)
    assert error.code is (ErrorCode.CORRUPT if kind in MAY_ARRIVE[lane] else ErrorCode.MALFORMED)


@pytest.mark.parametrize(
    ("lane", "kind", "stream"),
    [
        (Lane.CONTROL_FROM_SENDER, Ping.TYPE, 1),
        (Lane.DATA_FROM_SENDER, Ping.TYPE, 0),
        (Lane.UNDECIDED, Open.TYPE, 1),
        (Lane.UNDECIDED, Attach.TYPE, 0),
        (Lane.HELLO, Hello.TYPE, 1),
    ],
)
def test_a_stream_that_does_not_fit_the_connection_is_malformed(lane, kind, stream):
    length = LAYOUTS[kind].shortest
    assert refusal(decoder(lane), struct.pack(">BBHIQ", kind, 0, stream, length, 0)).code is (
        ErrorCode.MALFORMED
    )


def test_a_data_connection_keeps_its_stream():
    reader = decoder(Lane.UNDECIDED)
    reader.feed(encode(Attach(transfer=bytes(16), token=bytes(16)), 5))
    reader.feed(encode(Zeros(start=0, count=1), 5))
    assert "stream 5" in str(refusal(reader, encode(Zeros(start=0, count=1), 6)))


def test_an_error_may_come_on_stream_0_of_a_data_connection_and_does_not_change_its_stream():
    reader = decoder(Lane.DATA_FROM_RECEIVER)
    frame = Error(code=6, retryable=True, message="no ATTACH came")
    assert reader.feed(encode(frame, 0)) == [FrameArrived(stream=0, frame=frame)]
    reader.feed(encode(Attached(), 2))
    assert refusal(reader, encode(Attached(), 3)).code is ErrorCode.MALFORMED


@pytest.mark.parametrize(
    ("frame", "lane"),
    [
        (
            Open(transfer=bytes(16), size=0, block_size=65536, mode=0o600, name="a"),
            Lane.CONTROL_FROM_SENDER,
        ),
        (Attach(transfer=bytes(16), token=bytes(16)), Lane.DATA_FROM_SENDER),
    ],
)
def test_the_first_frame_decides_what_a_connection_is_for_and_comes_once(frame, lane):
    reader = decoder(Lane.UNDECIDED)
    data = encode(frame, stream_of(lane, frame.TYPE))
    reader.feed(data)
    assert reader.lane is lane
    assert refusal(reader, data).code is ErrorCode.MALFORMED


@pytest.mark.parametrize(
    ("frame", "needed"),
    [
        (Zeros(start=0, count=1), Capability.SPARSE),
        (Query(index=0, fingerprints=(1,)), Capability.REFERENCES),
        (Answer(index=0, known=b"x"), Capability.REFERENCES),
    ],
)
def test_a_frame_that_was_not_agreed_on_is_malformed(frame, needed):
    lane = lane_of(frame.TYPE)
    data = encode(frame, stream_of(lane, frame.TYPE))
    assert decoder(lane, capabilities=needed).feed(data)
    error = refusal(decoder(lane, capabilities=ALL & ~needed), data)
    assert (error.code, error.retryable) == (ErrorCode.MALFORMED, False)
    assert needed.name in str(error)


@pytest.mark.parametrize(
    ("codec", "needed"),
    [
        (Codec.ZSTD, Capability.ZSTD),
        (Codec.PREFIX, Capability.PREFIX),
    ],
)
def test_a_codec_that_was_not_agreed_on_is_malformed(codec, needed):
    header = BlockHeader(index=1, codec=codec, raw_length=10, digest=bytes(16))
    data = encode_block(3, header, [b"12345"]) + b"12345"
    assert decoder(Lane.DATA_FROM_SENDER, capabilities=needed).feed(data)
    assert needed.name in str(refusal(decoder(Lane.DATA_FROM_SENDER, capabilities=ALL & ~needed), data))


@pytest.mark.parametrize("agreed", [Capability.PREFIX, Capability.REFERENCES])
def test_page_operations_need_a_baseline_or_known_pages(agreed):
    header = BlockHeader(index=1, codec=Codec.PAGES, raw_length=10, digest=bytes(16))
    data = encode_block(3, header, [b"12345"]) + b"12345"
    assert decoder(Lane.DATA_FROM_SENDER, capabilities=agreed).feed(data)
    neither = ALL & ~Capability.PREFIX & ~Capability.REFERENCES
    assert "PREFIX or REFERENCES" in str(refusal(decoder(Lane.DATA_FROM_SENDER, capabilities=neither), data))


def test_a_transfer_keeps_to_the_largest_block_that_was_agreed_on():
    data = encode(Open(transfer=bytes(16), size=0, block_size=2 * MAX_BLOCK, mode=0, name="a"))
    error = refusal(decoder(Lane.UNDECIDED), data)
    assert (error.code, error.retryable) == (ErrorCode.MALFORMED, False)
    assert str(MAX_BLOCK) in str(error)


HEADER = struct.pack(">QB3sI16s", 1, 1, bytes(3), 10, bytes(16))


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        pytest.param(Hello.TYPE, struct.pack(">QIH", 0, 65537, 1), id="max_block no power of two"),
        pytest.param(Hello.TYPE, struct.pack(">QIH", 0, 32768, 1), id="max_block too small"),
        pytest.param(Hello.TYPE, struct.pack(">QIH", 0, 65536, 0), id="no streams"),
        pytest.param(Hello.TYPE, struct.pack(">QIH", 0, 65536, 1) + b"\x1b[2J", id="agent with an escape"),
        pytest.param(Hello.TYPE, struct.pack(">QIH", 0, 65536, 1) + b"\xff", id="agent not UTF-8"),
        pytest.param(Error.TYPE, struct.pack(">HB", 0, 0), id="code 0"),
        pytest.param(Error.TYPE, struct.pack(">HB", 1, 2), id="retryable 2"),
        pytest.param(Error.TYPE, struct.pack(">HB", 1, 1) + b"\xed\xa0\x80", id="a surrogate"),
        pytest.param(Open.TYPE, struct.pack(">16sQIH32s", b"", 2**63, 65536, 0, b"") + b"a", id="size"),
        pytest.param(Open.TYPE, struct.pack(">16sQIH32s", b"", 0, 2**24, 0, b"") + b"a", id="block_size"),
        pytest.param(Open.TYPE, struct.pack(">16sQIH32s", b"", 0, 65536, 0o4755, b"") + b"a", id="setuid"),
        pytest.param(Open.TYPE, struct.pack(">16sQIH32s", b"", 0, 65536, 0, b"") + b"\xc0\xaf", id="name"),
        pytest.param(Opened.TYPE, struct.pack(">16s16sHQQB", b"", b"", 0, 0, 0, 0), id="no stream allowed"),
        pytest.param(Opened.TYPE, struct.pack(">16s16sHQQB", b"", b"", 513, 0, 0, 0), id="513 streams"),
        pytest.param(Opened.TYPE, struct.pack(">16s16sHQQB", b"", b"", 1, 0, 0, 2), id="baseline_known 2"),
        pytest.param(Have.TYPE, struct.pack(">Q16s", 2**63, b""), id="index beyond any file"),
        pytest.param(Zeros.TYPE, struct.pack(">QQ", 1, 0), id="an empty run"),
        pytest.param(Zeros.TYPE, struct.pack(">QQ", 2**63 - 1, 1), id="a run that overflows"),
        pytest.param(Durable.TYPE, struct.pack(">QQQQ", 0, 1, 5, 0), id="an empty run among others"),
        pytest.param(Resend.TYPE, struct.pack(">QB", 1, 0), id="reason 0"),
        pytest.param(Resend.TYPE, struct.pack(">QB", 1, 5), id="reason 5"),
        pytest.param(BlockHeader.TYPE, struct.pack(">QB3sI16s", 1, 4, b"", 10, b"") + b"x", id="codec 4"),
        pytest.param(BlockHeader.TYPE, struct.pack(">QB3sI16s", 1, 1, b"a", 10, b"") + b"x", id="reserved"),
        pytest.param(BlockHeader.TYPE, struct.pack(">QB3sI16s", 1, 1, b"", 0, b"") + b"x", id="no content"),
        pytest.param(
            BlockHeader.TYPE, struct.pack(">QB3sI16s", 1, 1, b"", MAX_BLOCK + 1, b"") + b"x", id="raw_length"
        ),
        pytest.param(BlockHeader.TYPE, HEADER + bytes(11), id="a body longer than its content"),
        pytest.param(
            BlockHeader.TYPE, struct.pack(">QB3sI16s", 1, 0, b"", 10, b"") + bytes(9), id="a short RAW body"
        ),
    ],
)
def test_a_field_out_of_bounds_is_malformed_under_a_tag_that_holds(kind, payload):
    lane = lane_of(kind)
    error = refusal(decoder(lane), sealed(kind, payload, stream_of(lane, kind)))
    assert error.code is ErrorCode.MALFORMED
    assert error.retryable == (kind == BlockHeader.TYPE)


def test_flags_are_reserved():
    assert "flags" in str(refusal(decoder(Lane.HELLO), sealed(Hello.TYPE, bytes(20), flags=1)))
