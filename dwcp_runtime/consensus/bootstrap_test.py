from dataclasses import replace

import pytest

from dwcp_runtime.consensus.bootstrap import (
    AskToJoin,
    Disk,
    Found,
    Grant,
    GrantState,
    Group,
    ListedMember,
    NameDisk,
    Restart,
    SetAside,
    StartAdmitted,
    TakeGrant,
    Wait,
    decide_start,
)

ABSENT = Grant(state=GrantState.ABSENT)
UNKNOWN = Grant(state=GrantState.UNKNOWN, problem="the API server does not answer")
UNUSED = Grant(state=GrantState.UNUSED)
GIVEN = Grant(state=GrantState.GIVEN, holder="disk-a")
FOUNDED = replace(GIVEN, founded=True)

EMPTY = Disk()
NAMED = Disk(instance="disk-a")
OTHER = Disk(instance="disk-b")
DATA = Disk(instance="disk-a", has_data=True, epoch=1, cluster_id=7, member_id=100)

GROUP = Group(
    cluster_id=7,
    epoch=1,
    members=(
        ListedMember(id=100, name="c-0", peer_url="https://c-0:2380"),
        ListedMember(id=101, name="c-1", peer_url="https://c-1:2380", instance="disk-b"),
    ),
)


def start(disk, grant=ABSENT, group=None, ordinal=0):
    return decide_start(name=f"c-{ordinal}", ordinal=ordinal, disk=disk, grant=grant, group=group)


@pytest.mark.parametrize("grant", [ABSENT, UNKNOWN, UNUSED, GIVEN, FOUNDED])
@pytest.mark.parametrize("group", [None, GROUP])
def test_an_empty_disk_gets_a_name_before_anything_else(grant, group):
    assert start(EMPTY, grant, group) == NameDisk()


def test_the_first_member_takes_the_grant_and_then_founds():
    assert start(NAMED, ABSENT) == TakeGrant(instance="disk-a")
    assert start(NAMED, GIVEN) == Found(epoch=1)


def test_a_crash_between_grant_and_first_start_founds_with_the_same_disk():
    assert start(Disk(instance="disk-a"), GIVEN) == Found(epoch=1)


@pytest.mark.parametrize("ordinal", [1, 4, None])
def test_only_ordinal_zero_founds(ordinal):
    assert isinstance(start(NAMED, ABSENT, ordinal=ordinal), Wait)
    assert isinstance(start(NAMED, GIVEN, ordinal=ordinal), Wait)


@pytest.mark.parametrize("grant", [GIVEN, FOUNDED])
def test_ordinal_zero_that_lost_its_disk_waits_and_says_so(grant):
    decision = start(OTHER, grant)
    assert isinstance(decision, Wait)
    assert "never founds a second group" in decision.why


def test_the_disk_that_founded_and_lost_its_data_does_not_found_again():
    assert isinstance(start(NAMED, FOUNDED), Wait)


def test_nobody_founds_while_the_grant_can_not_be_read():
    decision = start(NAMED, UNKNOWN)
    assert isinstance(decision, Wait)
    assert "does not answer" in decision.why


def test_nobody_founds_without_a_grant():
    assert isinstance(start(NAMED, UNUSED), Wait)


def test_a_group_that_answers_is_joined_even_by_the_holder_of_an_unused_grant():
    assert start(NAMED, GIVEN, GROUP) == AskToJoin(instance="disk-a")
    assert start(NAMED, ABSENT, GROUP) == AskToJoin(instance="disk-a")


def test_an_admitted_disk_starts_as_the_member_that_was_added_for_it():
    assert start(OTHER, FOUNDED, GROUP, ordinal=1) == StartAdmitted(member_id=101, epoch=1)


def test_another_disk_of_the_same_pod_asks_instead_of_taking_the_old_members_place():
    assert start(Disk(instance="disk-c"), FOUNDED, GROUP, ordinal=1) == AskToJoin(instance="disk-c")


def test_an_admitted_disk_that_was_started_and_lost_its_log_never_goes_on_as_the_same_member():
    assert isinstance(start(replace(OTHER, started=True), FOUNDED, GROUP, ordinal=1), SetAside)


def test_old_data_is_recognised():
    assert start(DATA, FOUNDED, GROUP) == Restart()
    assert start(DATA, FOUNDED, None) == Restart()


@pytest.mark.parametrize("grant", [ABSENT, GIVEN])
def test_a_member_of_a_living_group_puts_a_missing_grant_right(grant):
    assert start(DATA, grant, GROUP) == Restart(record_grant=True)


def test_a_removed_member_sets_its_data_aside():
    decision = start(replace(DATA, member_id=99), FOUNDED, GROUP)
    assert isinstance(decision, SetAside)


@pytest.mark.parametrize(
    ("grant", "group"),
    [
        (replace(FOUNDED, epoch=2), None),
        (replace(FOUNDED, epoch=2), GROUP),
        (UNUSED, replace(GROUP, epoch=2, cluster_id=8)),
        (UNKNOWN, replace(GROUP, epoch=2, cluster_id=8)),
    ],
)
def test_data_of_an_older_epoch_never_votes_again(grant, group):
    assert isinstance(start(DATA, grant, group), SetAside)


def test_data_of_another_group_is_left_for_people():
    decision = start(DATA, FOUNDED, replace(GROUP, cluster_id=8))
    assert isinstance(decision, Wait)
    assert "by hand" in decision.why


def test_data_waits_when_neither_grant_nor_group_says_that_it_is_current():
    assert isinstance(start(DATA, UNKNOWN), Wait)
    assert start(DATA, UNKNOWN, GROUP) == Restart()


def test_a_member_by_hand_restarts_without_a_grant():
    assert start(DATA, UNUSED) == Restart()


def test_a_pod_above_the_wanted_number_is_retired_until_the_number_is_raised():
    wanted = replace(GROUP, wanted_voters=3)
    decision = start(Disk(instance="disk-d"), FOUNDED, wanted, ordinal=3)
    assert isinstance(decision, Wait)
    assert decision.retired
    assert start(Disk(instance="disk-d"), FOUNDED, replace(GROUP, wanted_voters=5), ordinal=3) == AskToJoin(
        instance="disk-d"
    )
