import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.encoding.page_operations import (
    MAX_OPERATIONS,
    BadOperationsError,
    Literals,
    Operation,
    Step,
    pack,
    shadow,
    shadow_limit,
    unpack,
)
from dwcp_runtime.encoding.pages import PAGE

STEPS = st.lists(
    st.builds(
        Step,
        operation=st.sampled_from([Operation.LITERAL, Operation.BASELINE, Operation.KNOWN, Operation.ZERO]),
        count=st.integers(1, 300),
        cursor=st.integers(0, 1 << 39),
    ),
    max_size=12,
)


@given(steps=STEPS, first=st.integers(0, 1 << 39), tail=st.integers(0, PAGE - 1), after=st.integers(0, 255))
def test_steps_are_read_back_as_they_were_written(steps, first, tail, after):
    body = pack(steps, first, Literals.SHADOW, 3, after) + b"literals"
    raw_length = sum(step.count for step in steps) * PAGE + tail
    read = unpack(memoryview(body), raw_length, first)
    assert list(read.steps) == steps
    assert (read.literals, read.before, read.after) == (Literals.SHADOW, 3, after)
    assert bytes(read.content) == b"literals"


@given(body=st.binary(max_size=80), pages=st.integers(0, 2048), first=st.integers(0, 1 << 40))
def test_any_bytes_are_either_all_pages_of_the_block_or_refused(body, pages, first):
    try:
        read = unpack(memoryview(body), pages * PAGE, first)
    except BadOperationsError:
        return
    assert sum(step.count for step in read.steps) == pages
    assert all(step.cursor >= 0 for step in read.steps)


HEAD = bytes(8)


def body(operations, *, literals=0, reserved=0, length=None):
    stated = len(operations) if length is None else length
    return memoryview(bytes([literals, 0, 0, reserved]) + stated.to_bytes(4, "big") + operations)


@pytest.mark.parametrize(
    ("hostile", "says"),
    [
        (memoryview(b"\0\0\0"), "too few"),
        (body(b"\x00", literals=3), "form 3"),
        (body(b"\x00", reserved=1), "reserved"),
        (body(b"\x00", length=1 << 31), "operations in a body"),
        (body(b"\xf8"), "is cut"),
        (body(b"\xf8\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "49 bits"),
        (body(b"\x05"), "operation 5"),
        (body(b"\x0c\x00"), "a seek to page -1"),
        (body(b"\xfc\xff\xff\xff\xff\xff\xff\x7f\x00"), "a seek to page"),
        (body(b"\x08"), "2 pages where 1 are left"),
        (body(b""), "leave 1 pages"),
        (body(b"\x04" * (MAX_OPERATIONS + 1)), "more than"),
    ],
)
def test_operations_that_give_no_block_are_refused_by_what_is_wrong(hostile, says):
    with pytest.raises(BadOperationsError, match=says):
        unpack(hostile, PAGE, 0)


def test_a_run_of_references_in_place_takes_one_byte():
    steps = [Step(operation=Operation.BASELINE, count=20, cursor=7)]
    assert len(pack(steps, 7, Literals.RAW, 0, 0)) == len(HEAD) + 1


def literal(cursor, count=1):
    return Step(operation=Operation.LITERAL, count=count, cursor=cursor)


def test_a_shadow_is_ascending_apart_and_within_the_baseline():
    steps = [literal(9), literal(2), literal(3, 2), Step(operation=Operation.KNOWN, count=4, cursor=20)]
    size = 9 * PAGE + 100
    assert shadow(steps, 0, 0, size, 1 << 20) == [(2 * PAGE, 3 * PAGE), (9 * PAGE, 100)]
    assert shadow(steps, 4, 1, size, 1 << 20) == [(0, size)]
    assert shadow([literal(50)], 0, 0, size, 1 << 20) == []


def test_a_shadow_beyond_its_limit_is_refused():
    limit = shadow_limit(PAGE)
    with pytest.raises(BadOperationsError, match="a shadow of"):
        shadow([literal(1000 * number) for number in range(20)], 255, 255, 1 << 40, limit)
