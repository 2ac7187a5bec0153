import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus.recovery import RecoveryPlan, Survivor
from dwcp_runtime.consensus.recovery_plan_file import BadPlanError, as_json, parse

PLAN = RecoveryPlan(
    source=Survivor(
        kind="data-dir",
        name="lab-2",
        path="/data/etcd",
        intact=True,
        epoch=1,
        revision=7,
        raft_term=2,
        raft_index=9,
    ),
    epoch=2,
    may_lose="nothing",
    fenced=("lab-0",),
    steps=("stop", "start"),
)


def test_a_plan_is_read_back_as_it_was_written():
    assert parse(json.dumps(as_json(PLAN)).encode()) == PLAN


@pytest.mark.parametrize("field", ["source", "epoch", "may_lose", "fenced", "steps"])
def test_a_plan_that_lacks_something_is_none(field):
    fields = as_json(PLAN)
    del fields[field]
    with pytest.raises(BadPlanError, match="make one with"):
        parse(json.dumps(fields).encode())


@given(st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b"null", b'{"source": [], "epoch": 1}']))
def test_other_files_are_refused(document):
    with pytest.raises(BadPlanError):
        parse(document)
