from dataclasses import replace

import pytest

from dwcp_runtime.consensus.recovery import NoRecovery, RecoveryPlan, Survivor, plan

FIVE = ("c-0", "c-1", "c-2", "c-3", "c-4")


def data(name: str, *, index: int = 900, term: int = 4, revision: int = 500, **more) -> Survivor:
    return Survivor(
        kind="data-dir",
        name=name,
        path=f"/data/{name}",
        intact=True,
        epoch=1,
        revision=revision,
        raft_term=term,
        raft_index=index,
        **more,
    )


def saved(name: str, *, revision: int, age: float = 60.0) -> Survivor:
    return Survivor(
        kind="snapshot", name=name, path=f"/s/{name}", intact=True, epoch=1, revision=revision, age=age
    )


def made(*survivors, voters=FIVE, learners=(), leader=None) -> RecoveryPlan:
    made = plan(voters=voters, learners=learners, leader=leader, survivors=survivors)
    assert isinstance(made, RecoveryPlan), made
    return made


def refused(*survivors, voters=FIVE, leader=None) -> str:
    refusal = plan(voters=voters, learners=(), leader=leader, survivors=survivors)
    assert isinstance(refusal, NoRecovery), refusal
    return refusal.why


def test_the_survivor_with_the_newest_log_is_the_source():
    assert made(data("c-0", index=10, term=5), data("c-1", index=900, term=4)).source.name == "c-0"
    assert made(data("c-0", index=899), data("c-1", index=900)).source.name == "c-1"


def test_a_snapshot_that_is_ahead_of_every_log_is_the_source():
    chosen = made(data("c-0", revision=500), saved("c-4", revision=501))
    assert chosen.source.kind == "snapshot"
    assert "after revision 501" in chosen.may_lose
    assert "60 s old" in chosen.may_lose
    assert made(data("c-0", revision=500), saved("c-4", revision=500)).source.kind == "data-dir"


def test_a_learners_log_is_a_last_resort():
    late = data("c-5", index=10_000, voter=False)
    assert made(data("c-0"), late, learners=("c-5",)).source.name == "c-0"
    assert made(late, learners=("c-5",)).source.name == "c-5"


def test_the_plan_says_what_may_be_lost():
    assert "among the 3 voters" in made(data("c-0"), data("c-1")).may_lose
    four = FIVE[:4]
    assert "nothing that was acknowledged" in made(data("c-0"), data("c-1"), voters=four).may_lose
    assert "among the 3 voters" in made(data("c-0"), voters=four).may_lose


def test_every_other_old_member_is_fenced_and_the_epoch_rises_above_all():
    chosen = made(data("c-1"), learners=("c-5",))
    assert chosen.fenced == ("c-0", "c-2", "c-3", "c-4", "c-5")
    assert chosen.epoch == 2


def test_data_of_an_older_epoch_is_never_the_source():
    newer = replace(data("c-1", index=3), epoch=2)
    chosen = made(data("c-0"), newer)
    assert (chosen.source.name, chosen.epoch) == ("c-1", 3)


def test_damaged_data_is_never_the_source():
    assert made(replace(data("c-0", index=10_000), intact=False), data("c-1")).source.name == "c-1"
    assert "restore a backup" in refused(replace(data("c-0"), intact=False))


@pytest.mark.parametrize("held", [3, 4, 5])
def test_there_is_no_plan_while_a_quorum_of_disks_is_there(held):
    assert "start them" in refused(*(data(name) for name in FIVE[:held]))


def test_there_is_no_plan_for_a_group_that_has_a_leader():
    assert "nothing to recover" in refused(data("c-0"), leader="c-0")


def test_there_is_no_plan_without_anything_to_restore():
    assert "restore a backup" in refused()
