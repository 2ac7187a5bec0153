"""Which frames may arrive on which kind of connection, and what must have been agreed for them."""

from __future__ import annotations

from enum import Enum
from typing import Final

from dwcp_runtime.transport.capabilities import NONE, Capability
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
    Zeros,
)


class Lane(Enum):
    """What a decoder reads: the kind of connection and who writes to it."""

    HELLO = "a connection before both sides said HELLO"
    UNDECIDED = "a connection that neither OPEN nor ATTACH has given a purpose"
    CONTROL_FROM_SENDER = "the control connection, from the sender"
    CONTROL_FROM_RECEIVER = "the control connection, from the receiver"
    DATA_FROM_SENDER = "a data connection, from the sender"
    DATA_FROM_RECEIVER = "a data connection, from the receiver"

    @property
    def is_data(self) -> bool:
        """Whether frames bear the number of a stream instead of 0."""
        return self in (Lane.DATA_FROM_SENDER, Lane.DATA_FROM_RECEIVER)


_ALWAYS: Final = frozenset({Error.TYPE, Ping.TYPE, Pong.TYPE})

MAY_ARRIVE: Final[dict[Lane, frozenset[int]]] = {
    Lane.HELLO: frozenset({Hello.TYPE, Error.TYPE}),
    Lane.UNDECIDED: frozenset({Open.TYPE, Attach.TYPE, Error.TYPE}),
    Lane.CONTROL_FROM_SENDER: _ALWAYS | {Query.TYPE, Finish.TYPE, Cancel.TYPE},
    Lane.CONTROL_FROM_RECEIVER: _ALWAYS
    | {
        Opened.TYPE,
        Have.TYPE,
        Answer.TYPE,
        Durable.TYPE,
        Resend.TYPE,
        Report.TYPE,
        Finished.TYPE,
        Cancel.TYPE,
        Drain.TYPE,
    },
    Lane.DATA_FROM_SENDER: _ALWAYS | {BlockHeader.TYPE, Zeros.TYPE},
    Lane.DATA_FROM_RECEIVER: _ALWAYS | {Attached.TYPE},
}

DECIDES: Final[dict[int, Lane]] = {
    Open.TYPE: Lane.CONTROL_FROM_SENDER,
    Attach.TYPE: Lane.DATA_FROM_SENDER,
}
"""What an undecided connection becomes by its first frame."""

FRAME_NEEDS: Final[dict[int, Capability]] = {
    Zeros.TYPE: Capability.SPARSE,
    Query.TYPE: Capability.REFERENCES,
    Answer.TYPE: Capability.REFERENCES,
}

CODEC_NEEDS: Final[dict[Codec, Capability]] = {
    Codec.RAW: NONE,
    Codec.ZSTD: Capability.ZSTD,
    Codec.PREFIX: Capability.PREFIX,
    # Page operations refer to the baseline or to known pages; either is reason enough to speak them.
    Codec.PAGES: Capability.PREFIX | Capability.REFERENCES,
}
"""One of these at least."""
