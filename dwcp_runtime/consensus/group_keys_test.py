from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.gateway_text import KeyValue
from dwcp_runtime.consensus.group_keys import Agreed, Request, agreed
from dwcp_runtime.consensus.view import Timings


def kv(key, value):
    return KeyValue(key=key, value=value, create_revision=1, mod_revision=1, version=1)


def test_what_was_written_is_read_back():
    request = Request(name="lab-1", peer_url="http://x:1", instance="abc")
    timings = Timings(heartbeat_ms=150, election_ms=1500)
    assert agreed(
        (
            kv(group_keys.EPOCH, b"3"),
            kv(group_keys.VOTERS, b"5"),
            kv(group_keys.TIMINGS, group_keys.timings_value(timings, 7)),
            kv(group_keys.ROLLING, b"lab-2"),
            kv(group_keys.MOVES + b"1", b""),
            kv(group_keys.joining_key("lab-1"), group_keys.request_value(request)),
            kv(group_keys.admitted_key(255), b"abc"),
        )
    ) == Agreed(
        epoch=3,
        voters=5,
        timings=timings,
        generation=7,
        rolling="lab-2",
        moves=1,
        requests=(request,),
        admitted={255: "abc"},
    )


def test_nothing_written_is_the_first_epoch_and_no_wish():
    assert agreed(()) == Agreed()


_KEYS = st.sampled_from(
    [
        group_keys.EPOCH,
        group_keys.VOTERS,
        group_keys.TIMINGS,
        group_keys.ROLLING,
        group_keys.JOINING + b"x",
        group_keys.ADMITTED + b"ff",
        group_keys.ADMITTED + b"no number",
    ]
)


@given(st.lists(st.tuples(_KEYS, st.binary(max_size=40) | st.sampled_from([b"[]", b"{}", b"null", b"1e9"]))))
def test_what_cannot_be_read_counts_as_absent(pairs):
    found = agreed(tuple(kv(key, value) for key, value in pairs))
    assert found.epoch >= 1
    assert found.timings is None or found.generation > 0
