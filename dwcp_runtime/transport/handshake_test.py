import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport import limits, preamble
from dwcp_runtime.transport.capabilities import ALL, Capability, Offer
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode
from dwcp_runtime.transport.frames import Hello, Ping
from dwcp_runtime.transport.handshake import Handshake
from dwcp_runtime.transport.preamble import Versions

offers = st.builds(
    Offer,
    capabilities=st.integers(0, 2**64 - 1).map(Capability),
    max_block=st.integers(16, 23).map(lambda power: 2**power),
    max_streams=st.integers(1, 512),
    agent=st.text("abc/.123", max_size=64),
)
versions = st.tuples(st.integers(1, 255), st.integers(1, 255)).map(
    lambda pair: Versions(lowest=min(pair), highest=max(pair))
)
sizes = st.lists(st.integers(1, 20), min_size=1, max_size=20)


def pair(mine=None, theirs=None, **options):
    return (
        Handshake(initiator=True, offer=mine or Offer(), **options),
        Handshake(initiator=False, offer=theirs or Offer(), **options),
    )


def deliver(data, to, step):
    """What `to` makes of the bytes, cut into steps: nothing, its outcome, or its error."""
    try:
        for at in range(0, len(data), step):
            if to.receive(data[at : at + step]):
                return to.agreed
    except DwcpError as error:
        return error
    return None


def talk(left, right, step=1000):
    """Lets both speak until neither has anything to say; gives both outcomes."""
    outcome = {left: None, right: None}
    speaking = True
    while speaking:
        speaking = False
        for source, target in ((left, right), (right, left)):
            data = source.data_to_send()
            if data and outcome[target] is None:
                speaking = True
                outcome[target] = deliver(data, target, step)
    return outcome[left], outcome[right]


def raised(call, *arguments):
    with pytest.raises(DwcpError) as error:
        call(*arguments)
    return error.value


@given(offers, offers, st.integers(1, 50))
def test_both_sides_agree_on_the_same_whatever_they_offer(mine, theirs, step):
    left, right = talk(*pair(mine, theirs), step)
    assert left.agreement == right.agreement
    assert left.version == right.version == 1
    assert left.agreement.max_block == min(mine.max_block, theirs.max_block)
    assert left.agreement.max_streams == min(mine.max_streams, theirs.max_streams)
    assert left.agreement.capabilities == mine.capabilities & theirs.capabilities & ALL
    assert (left.peer.agent, right.peer.agent) == (theirs.agent, mine.agent)


@given(versions, versions)
def test_both_sides_choose_the_same_version_or_both_say_that_there_is_none(mine, theirs):
    left, right = talk(
        Handshake(initiator=True, offer=Offer(), versions=mine),
        Handshake(initiator=False, offer=Offer(), versions=theirs),
    )
    common = set(range(mine.lowest, mine.highest + 1)) & set(range(theirs.lowest, theirs.highest + 1))
    if common:
        assert left.version == right.version == max(common)
    else:
        assert left.code is right.code is ErrorCode.VERSION
        assert str(mine) in str(left) and str(theirs) in str(left)


def test_the_error_of_versions_says_who_is_to_be_updated():
    old, new = Versions(lowest=1, highest=1), Versions(lowest=2, highest=3)
    with pytest.raises(DwcpError, match=r"version 1, the peer 2 to 3; update this side"):
        preamble.agree(old, new)
    with pytest.raises(DwcpError, match="update the peer"):
        preamble.agree(new, old)


@given(st.booleans(), st.binary(min_size=1, max_size=200), sizes, st.booleans())
def test_any_bytes_give_an_agreement_or_a_typed_error(initiator, data, cuts, well_begun):
    side = Handshake(initiator=initiator, offer=Offer())
    at = 0
    data = preamble.encode(preamble.SPOKEN) + data if well_begun else data
    try:
        for size in cuts:
            if side.agreed is None:
                assert 1 <= len(side.wanted()) <= 1027
                side.receive(data[at : at + size])
            at += size
        if side.agreed is None:
            side.eof()
    except DwcpError as error:
        assert raised(side.receive, b"x") is error
        assert raised(side.wanted) is error


@given(st.data())
def test_a_handshake_cut_anywhere_ends_in_a_typed_error(data):
    side = Handshake(initiator=False, offer=Offer())
    whole = preamble.encode(preamble.SPOKEN) + encode(Hello(capabilities=0, max_block=65536, max_streams=1))
    side.receive(whole[: data.draw(st.integers(0, len(whole) - 1))])
    error = raised(side.eof)
    assert (error.code, error.retryable) == (ErrorCode.CLOSED, True)
    assert raised(side.receive, b"x") is error


def test_what_follows_the_handshake_is_handed_on():
    side = Handshake(initiator=False, offer=Offer())
    hello = encode(Hello(capabilities=0, max_block=65536, max_streams=1))
    assert side.receive(preamble.encode(preamble.SPOKEN) + hello + b"and more")
    assert side.leftover == b"and more"


def test_wanted_never_reaches_beyond_the_handshake():
    side = Handshake(initiator=False, offer=Offer())
    data = preamble.encode(preamble.SPOKEN) + encode(Hello(capabilities=0, max_block=65536, max_streams=1))
    at = 0
    outcome = None
    while outcome is None:
        target = side.wanted()
        target[:] = data[at : at + len(target)]
        at += len(target)
        outcome = side.received(len(target))
    assert at == len(data)
    with pytest.raises(RuntimeError, match="over"):
        side.wanted()


@pytest.mark.parametrize(
    "greeting", [b"GET / HTTP/1.1\r\n", b"S", b"\x16\x03\x01", b"DWCQ", b"DWcP\x01\x01\x00\x00"]
)
def test_another_protocol_is_told_nothing_and_not_waited_for(greeting):
    side = Handshake(initiator=False, offer=Offer())
    error = raised(side.receive, greeting)
    assert (error.code, error.retryable) == (ErrorCode.NOT_DWCP, False)
    assert side.data_to_send() == b""


def test_an_initiator_says_hello_at_once_where_one_version_is_all_it_speaks():
    hello = encode(Hello(capabilities=int(Offer().capabilities), max_block=2**23, max_streams=512))
    for versions, said in (
        (Versions(lowest=1, highest=1), hello),
        (Versions(lowest=1, highest=2), b""),
    ):
        left = Handshake(initiator=True, offer=Offer(), versions=versions)
        assert left.data_to_send() == preamble.encode(versions) + said
        assert left.said_hello == bool(said)
        left.receive(preamble.encode(preamble.SPOKEN))
        assert left.said_hello
        assert left.data_to_send() == (b"" if said else hello)


def test_the_acceptor_says_nothing_before_it_has_seen_a_preamble():
    side = Handshake(initiator=False, offer=Offer())
    side.receive(preamble.encode(preamble.SPOKEN)[:7])
    assert side.data_to_send() == b""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"DWCP\x00\x01\x00\x00", "0..1"),
        (b"DWCP\x02\x01\x00\x00", "2..1"),
        (b"DWCP\x01\x01\x00\x01", "reserved"),
    ],
)
def test_a_preamble_that_makes_no_sense_is_malformed(data, words):
    error = raised(Handshake(initiator=False, offer=Offer()).receive, data)
    assert error.code is ErrorCode.MALFORMED
    assert words in str(error)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (encode(Ping(nonce=1)), ErrorCode.MALFORMED),
        (b"\x01\x00\x00\x00\xff\xff\xff\xff" + bytes(8), ErrorCode.OVERSIZED),
        (encode(Hello(capabilities=0, max_block=65536, max_streams=1))[:-1] + b"\x02", ErrorCode.CORRUPT),
    ],
)
def test_a_bad_hello_is_a_typed_error_on_both_sides(data, code):
    left, right = pair()
    right.receive(left.data_to_send()[: limits.PREAMBLE])
    right.data_to_send()
    right_error = raised(right.receive, data)
    left_error = raised(left.receive, preamble.encode(preamble.SPOKEN) + right.data_to_send())
    assert right_error.code is left_error.code is code
    assert left_error.retryable == right_error.retryable
    assert (left_error.from_peer, right_error.from_peer) == (True, False)


def test_a_refused_peer_learns_why_and_nothing_else():
    refusal = DwcpError(ErrorCode.UNAUTHORISED, "no peer of this agent")
    left = Handshake(initiator=True, offer=Offer())
    right = Handshake(initiator=False, offer=Offer(agent="secret"), refusal=refusal)
    first, second = talk(left, right)
    assert second is refusal
    assert (first.code, first.from_peer, first.message) == (ErrorCode.UNAUTHORISED, True, refusal.message)


def test_an_error_of_the_peer_is_not_echoed():
    left = Handshake(initiator=True, offer=Offer())
    right = Handshake(
        initiator=False, offer=Offer(), refusal=DwcpError(ErrorCode.BUSY, "4 transfers run, 4 are allowed")
    )
    right_error = deliver(left.data_to_send(), right, 1000)
    left_error = deliver(right.data_to_send(), left, 1000)
    assert left_error.code is right_error.code is ErrorCode.BUSY
    assert left.data_to_send() == b""


@pytest.mark.parametrize("offer", [Offer(max_block=2**24), Offer(max_streams=513), Offer(max_block=65537)])
def test_nobody_offers_what_this_version_does_not_allow(offer):
    with pytest.raises(ValueError, match=r"allowed|power of two"):
        Handshake(initiator=True, offer=offer)


def test_a_later_agent_may_offer_more_than_this_one_knows():
    side = Handshake(initiator=False, offer=Offer())
    outcome = side.receive(
        preamble.encode(Versions(lowest=1, highest=9))
        + encode(Hello(capabilities=2**63 + 1, max_block=2**26, max_streams=60000))
    )
    assert outcome.version == 1
    assert outcome.agreement.capabilities == Capability.ZSTD
    assert (outcome.agreement.max_block, outcome.agreement.max_streams) == (2**23, 512)
