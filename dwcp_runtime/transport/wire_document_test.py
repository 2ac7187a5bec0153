"""docs/dwcp-wire.md repeats numbers of the code for whoever writes a peer: they are the same ones."""

from pathlib import Path

import pytest

from dwcp_runtime.transport import limits, preamble
from dwcp_runtime.transport.capabilities import NONE, Capability
from dwcp_runtime.transport.errors import RETRYABLE, ErrorCode
from dwcp_runtime.transport.frame_codec import encode, encode_block
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
from dwcp_runtime.transport.lane import CODEC_NEEDS, DECIDES, FRAME_NEEDS, MAY_ARRIVE, Lane
from dwcp_runtime.transport.payloads import LAYOUTS

TEXT = (Path(__file__).parents[2] / "docs" / "dwcp-wire.md").read_text(encoding="utf-8")


def table(*head):
    """The rows of the table with these columns, each as a dictionary."""
    lines = iter(TEXT.splitlines())
    for line in lines:
        if cells(line) == list(head):
            break
    else:
        pytest.fail(f"no table {head}")
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(head, cells(line), strict=True)))
    return rows


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []


def needs(words):
    capabilities = NONE
    for word in words.split(" or ") if words else ():
        capabilities |= Capability[word]
    return capabilities


def lanes(sender, connection):
    froms = {"sender": ("SENDER",), "receiver": ("RECEIVER",), "both": ("SENDER", "RECEIVER")}[sender]
    if connection == "any, first":
        return {Lane.HELLO}
    if connection == "any":
        return set(Lane)
    if connection == "undecided":
        return {Lane.UNDECIDED}
    return {Lane[f"{kind.upper()}_FROM_{side}"] for kind in connection.split(", ") for side in froms}


TYPES = table("type", "name", "from", "connection", "length", "needs")


def test_the_document_lists_every_frame_with_its_number_and_length():
    written = {int(row["type"], 16): (row["name"], row["length"]) for row in TYPES}
    built = {kind: (layout.name, layout.allowed) for kind, layout in LAYOUTS.items()}
    built[BlockHeader.TYPE] = ("BLOCK", f"{limits.BLOCK_HEADER + 1}..{limits.BLOCK_HEADER}+B")
    assert written == built


def test_the_document_says_where_each_frame_may_arrive():
    written = {int(row["type"], 16): lanes(row["from"], row["connection"]) for row in TYPES}
    assert written == {
        kind: {lane for lane in Lane if kind in MAY_ARRIVE[lane]} for kind in [*LAYOUTS, BlockHeader.TYPE]
    }
    assert {kind for kind, found in written.items() if found == {Lane.UNDECIDED}} == set(DECIDES)


def test_the_document_says_what_each_frame_needs():
    written = {int(row["type"], 16): needs(row["needs"]) for row in TYPES if row["needs"]}
    assert written == FRAME_NEEDS


def test_the_document_lists_every_codec():
    rows = table("codec", "name", "body", "needs")
    assert {int(row["codec"]): row["name"] for row in rows} == {codec.value: codec.name for codec in Codec}
    assert {Codec(int(row["codec"])): needs(row["needs"]) for row in rows} == CODEC_NEEDS


def test_the_document_lists_every_reason():
    rows = table("reason", "name", "meaning")
    assert {int(row["reason"]): row["name"] for row in rows} == {
        reason.value: reason.name for reason in ResendReason
    }


def test_the_document_lists_every_limit():
    written = {row["name"]: int(row["value"]) for row in table("name", "value", "meaning")}
    assert written == {name: value for name, value in vars(limits).items() if isinstance(value, int)}


def test_the_document_lists_every_error():
    rows = table("code", "label", "retryable", "meaning")
    assert {int(row["code"]): (row["label"], row["retryable"] == "yes") for row in rows} == {
        code.value: (code.label, code in RETRYABLE) for code in ErrorCode
    }


def test_the_document_lists_every_capability():
    rows = table("bit", "name", "without it")
    assert {int(row["bit"]): row["name"] for row in rows} == {bit.value: bit.name for bit in Capability}


TRANSFER, TOKEN, ROOT, DIGEST = bytes(range(16)), bytes(range(16, 32)), bytes(range(32)), bytes(range(32, 48))

EXAMPLES = {
    "HELLO": Hello(
        capabilities=Capability.ZSTD | Capability.REFERENCES | Capability.SPARSE,
        max_block=1 << 20,
        max_streams=8,
        agent="nc/3",
    ),
    "ERROR": Error(code=ErrorCode.NO_SPACE, retryable=False, message="disk full"),
    "PING": Ping(nonce=7),
    "PONG": Pong(nonce=7),
    "OPEN": Open(
        transfer=TRANSFER, size=5 << 30, block_size=1 << 20, mode=0o640, name="vm/é.img", baseline=ROOT
    ),
    "OPENED": Opened(
        transfer=TRANSFER, token=TOKEN, streams=8, have=2, inventory_pages=3, baseline_known=True
    ),
    "HAVE": Have(entries=((1, DIGEST), (4, DIGEST))),
    "ATTACH": Attach(transfer=TRANSFER, token=TOKEN),
    "ATTACHED": Attached(),
    "ZEROS": Zeros(start=1, count=2),
    "QUERY": Query(index=9, fingerprints=(11, 12)),
    "ANSWER": Answer(index=9, known=b"\x02"),
    "DURABLE": Durable(runs=((0, 3), (9, 1))),
    "RESEND": Resend(index=9, reason=ResendReason.UNKNOWN_REFERENCE),
    "REPORT": Report(disk_sink=1, decode=2, idle=3, stored=4),
    "FINISH": Finish(root=ROOT),
    "FINISHED": Finished(root=ROOT),
    "CANCEL": Cancel(),
    "DRAIN": Drain(),
}


def test_the_examples_of_the_document_are_what_is_sent():
    written = {
        row["frame"]: bytes.fromhex(row["bytes"].strip("`")) for row in table("frame", "with", "bytes")
    }
    header = BlockHeader(index=9, codec=Codec.ZSTD, raw_length=65536, digest=DIGEST)
    assert written.pop("BLOCK") == encode_block(3, header, [b"body"]) + b"body"
    assert written == {
        name: encode(frame, 3 if name in ("ATTACH", "ATTACHED", "ZEROS") else 0)
        for name, frame in EXAMPLES.items()
    }
    assert set(written) == {layout.name for layout in LAYOUTS.values()}


def test_the_document_gives_the_magic():
    assert preamble.MAGIC.hex(" ") in TEXT


def test_the_document_says_how_much_each_reader_buffers():
    def longest(*some):
        return max(LAYOUTS[kind].longest for lane in some for kind in MAY_ARRIVE[lane] if kind in LAYOUTS)

    words = " ".join(TEXT.split())
    assert (
        f"control frames buffers at most {longest(*(lane for lane in Lane if not lane.is_data))} b" in words
    )
    assert f"OPEN or ATTACH at most {longest(Lane.UNDECIDED)}," in words
    assert f"HELLO at most {longest(Lane.HELLO)}." in words
