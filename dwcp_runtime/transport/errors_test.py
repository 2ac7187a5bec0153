import pytest

from dwcp_runtime.transport.errors import RETRYABLE, DwcpError, ErrorCode
from dwcp_runtime.transport.frame_codec import encode
from dwcp_runtime.transport.frames import Error


@pytest.mark.parametrize("code", ErrorCode)
@pytest.mark.parametrize("retryable", [None, True, False])
def test_both_sides_raise_the_same(code, retryable):
    mine = DwcpError(code, "what, where, what is allowed", retryable=retryable)
    theirs = Error.of(mine).to_error()
    assert (theirs.code, theirs.retryable, theirs.message) == (mine.code, mine.retryable, mine.message)
    assert (mine.from_peer, theirs.from_peer) == (False, True)


def test_what_a_new_connection_cannot_change_is_not_retried_by_default():
    assert not DwcpError(ErrorCode.UNAUTHORISED, "").retryable
    assert DwcpError(ErrorCode.CLOSED, "").retryable
    assert RETRYABLE.isdisjoint({ErrorCode.BAD_NAME, ErrorCode.CANCELLED, ErrorCode.VERSION})


def test_labels_are_words_with_hyphens():
    assert ErrorCode.NO_SPACE.label == "no-space"
    assert str(DwcpError(ErrorCode.IO, "disk")) == "io: disk"
    assert str(DwcpError(ErrorCode.IO, "disk", from_peer=True)) == "io: the peer says: disk"


def test_a_code_of_a_later_agent_becomes_internal_and_is_still_told():
    error = Error(code=999, retryable=True, message="new").to_error()
    assert (error.code, error.retryable) == (ErrorCode.INTERNAL, True)
    assert "999" in str(error) and "new" in str(error)


def test_a_peer_cannot_write_to_the_terminal():
    assert Error(code=1, retryable=False, message="a\x1b[2Jb\nc\u202e").to_error().message == "a?[2Jb?c?"


@pytest.mark.parametrize("message", ["x" * 5000, "é" * 1000, "a" + "é" * 1000, "\ud800" * 2000])
def test_a_message_of_any_length_fits_its_frame(message):
    frame = Error.of(DwcpError(ErrorCode.INTERNAL, message))
    assert 1000 < len(frame.message.encode()) <= 1024
    assert len(encode(frame)) <= 16 + 3 + 1024
