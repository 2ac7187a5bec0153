import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus import status_document
from dwcp_runtime.consensus.status_document import (
    BadStatusError,
    Condition,
    GroupStatus,
    MemberStatus,
    Phase,
    Quorum,
    Role,
    SnapshotStatus,
    TimingStatus,
    Truth,
    as_json,
    parse,
)

TEXT = st.text(max_size=20)
COUNT = st.integers(0, 2**64 - 1)
STATUS = st.builds(
    GroupStatus,
    name=TEXT,
    phase=st.sampled_from(Phase),
    role=st.sampled_from(Role),
    member_id=st.none() | COUNT,
    cluster_id=st.none() | COUNT,
    epoch=st.none() | COUNT,
    leader=st.none() | TEXT,
    term=st.none() | COUNT,
    raft_index=st.none() | COUNT,
    leader_changes=COUNT,
    members=st.lists(
        st.builds(
            MemberStatus,
            name=TEXT,
            id=COUNT,
            learner=st.booleans(),
            reachable=st.booleans(),
            lag=st.none() | st.integers(-(2**63), 2**63),
        ),
        max_size=3,
    ).map(tuple),
    quorum=st.none() | st.builds(Quorum, size=COUNT, voters=COUNT, healthy=COUNT, held=st.booleans()),
    wanted_voters=st.none() | COUNT,
    timings_running=st.none() | st.builds(TimingStatus, heartbeat_ms=COUNT, election_ms=COUNT),
    timings_wanted=st.none() | st.builds(TimingStatus, heartbeat_ms=COUNT, election_ms=COUNT),
    round_trips=st.dictionaries(TEXT, st.floats(0, 100), max_size=3),
    db_size=st.none() | COUNT,
    db_in_use=st.none() | COUNT,
    last_snapshot=st.none()
    | st.builds(
        SnapshotStatus,
        name=TEXT,
        taken_at=st.integers(0, 4_000_000_000),
        revision=COUNT,
        size_bytes=COUNT,
        sha256=TEXT,
    ),
    etcd_version=st.none() | TEXT,
    ca_digest=st.none() | TEXT,
    conditions=st.lists(
        st.builds(
            Condition, kind=TEXT, status=st.sampled_from(Truth), reason=TEXT, message=TEXT, runbook=TEXT
        ),
        max_size=2,
    ).map(tuple),
    waiting_for=st.lists(TEXT, max_size=2).map(tuple),
)


@given(STATUS)
def test_what_one_agent_writes_another_reads(status: GroupStatus):
    assert parse(json.dumps(as_json(status)).encode()) == status


def test_every_field_is_written():
    written = as_json(GroupStatus(name="m", phase=Phase.STARTING))
    assert written.keys() == set(GroupStatus.__dataclass_fields__)


def test_ids_keep_every_digit_for_readers_whose_numbers_are_floats():
    status = GroupStatus(name="m", phase=Phase.RUNNING, member_id=2**64 - 1)
    assert as_json(status)["member_id"] == "f" * 16


def test_a_newer_agents_fields_are_left_out():
    document = {**as_json(GroupStatus(name="m", phase=Phase.RUNNING)), "mood": "good"}
    assert parse(json.dumps(document).encode()).name == "m"


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | TEXT, st.lists).map(lambda value: json.dumps(value).encode())
)
def test_nonsense_is_refused_and_nothing_else_happens(document: bytes):
    with pytest.raises(BadStatusError):
        parse(document)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("phase", "asleep", "phase: there is no 'asleep'"),
        ("member_id", 12, "member_id is no text"),
        ("member_id", "1" + "0" * 16, "member_id is no whole number"),
        ("members", [{"name": "a"}], r"members\[0\].id is missing"),
        ("round_trips", {"b": float("nan")}, "round_trips.b is no number of seconds"),
        ("last_snapshot", {"name": "s", "taken_at": "yesterday"}, "last_snapshot.taken_at is no time"),
        ("leader_changes", True, "leader_changes is no whole number"),
        ("quorum", [], "quorum is no object"),
    ],
)
def test_a_wrong_field_is_named(key, value, said):
    document = {**as_json(GroupStatus(name="m", phase=Phase.RUNNING)), key: value}
    with pytest.raises(BadStatusError, match=said):
        parse(json.dumps(document).encode())


def test_a_document_without_end_is_not_read():
    with pytest.raises(BadStatusError, match="at most"):
        parse(b" " * (status_document.MOST_BYTES + 1))
