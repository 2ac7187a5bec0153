import pytest

from dwcp_runtime.transport import limits
from dwcp_runtime.transport.frames import Answer, Attach, Durable, Error, Have, Open, Opened, Query, Zeros

GOOD = {"transfer": bytes(16), "size": 0, "block_size": 65536, "mode": 0o644, "name": "a"}


def test_a_frame_that_exists_is_valid():
    assert Open(**GOOD)
    assert Zeros(start=limits.MAX_INDEX - 1, count=1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"transfer": b"short"}, "5 bytes, it must have 16"),
        ({"size": -1}, "size is -1"),
        ({"block_size": 98304}, "power of two"),
        ({"block_size": 32768}, "65536..8388608"),
        ({"mode": 0o1000}, "mode is 512"),
        ({"name": ""}, "0 bytes of UTF-8"),
        ({"name": "é" * 513}, "1026 bytes of UTF-8"),
        ({"name": "\udcff"}, "UTF-8"),
        ({"baseline": bytes(32)}, "None"),
        ({"baseline": b"x"}, "it must have 32"),
    ],
)
def test_a_bound_that_does_not_hold_is_named_with_what_is_allowed(change, words):
    with pytest.raises(ValueError) as raised:
        Open(**{**GOOD, **change})
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Have(entries=()),
        lambda: Have(entries=((0, bytes(16)),) * (limits.MAX_ENTRIES + 1)),
        lambda: Have(entries=((0, bytes(15)),)),
        lambda: Durable(runs=()),
        lambda: Durable(runs=((0, 1),) * (limits.MAX_ENTRIES + 1)),
        lambda: Durable(runs=((limits.MAX_INDEX, 1),)),
        lambda: Query(index=0, fingerprints=()),
        lambda: Query(index=0, fingerprints=(2**64,)),
        lambda: Query(index=0, fingerprints=(0,) * (limits.MAX_FINGERPRINTS + 1)),
        lambda: Answer(index=0, known=b""),
        lambda: Answer(index=0, known=bytes(limits.MAX_FINGERPRINTS // 8 + 1)),
        lambda: Zeros(start=0, count=0),
        lambda: Error(code=0, retryable=False),
    ],
)
def test_empty_and_overlong_lists_and_runs_are_refused(build):
    with pytest.raises(ValueError, match=r"allowed|digests have|within"):
        build()


def test_no_token_shows_in_a_log():
    token = b"\x07" * 16
    assert "token" not in repr(Attach(transfer=bytes(16), token=token))
    assert "token" not in repr(Opened(transfer=bytes(16), token=token, streams=1))
