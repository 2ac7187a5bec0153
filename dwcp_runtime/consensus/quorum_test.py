import pytest

from dwcp_runtime.consensus.quorum import Strength, step_refusal


def group(voters: int, healthy: int) -> Strength:
    return Strength(voters=voters, healthy=healthy)


@pytest.mark.parametrize(
    ("voters", "healthy", "tolerance"),
    [(1, 1, 0), (2, 2, 0), (3, 3, 1), (3, 2, 0), (4, 4, 1), (5, 5, 2), (5, 2, -1), (11, 11, 5)],
)
def test_tolerance_counts_the_voters_that_may_still_fail(voters, healthy, tolerance):
    assert group(voters, healthy).tolerance == tolerance


def test_a_group_without_voters_holds_no_quorum():
    assert not group(0, 0).holds


@pytest.mark.parametrize(
    ("before", "after", "target"),
    [
        pytest.param((3, 3), (4, 4), 5, id="grows while whole"),
        pytest.param((5, 5), (4, 4), 3, id="shrinks while whole"),
        pytest.param((3, 2), (2, 2), 3, id="a dead voter of three is taken out"),
        pytest.param((2, 2), (3, 3), 3, id="and its replacement comes in"),
        pytest.param((5, 3), (6, 4), 7, id="grows out of danger"),
        pytest.param((1, 1), (2, 2), 3, id="one voter has nothing to lose"),
        pytest.param((3, 3), (2, 2), 1, id="down to one"),
        pytest.param((2, 2), (1, 1), 1, id="the last step to one"),
    ],
)
def test_a_step_that_keeps_what_the_group_survives_is_allowed(before, after, target):
    assert step_refusal(group(*before), group(*after), target=target) is None


@pytest.mark.parametrize(
    ("before", "after", "target", "reason"),
    [
        pytest.param((5, 4), (4, 3), 3, "not survive", id="shrinks with one voter down"),
        pytest.param((3, 3), (2, 2), 3, "not survive", id="three lose one for nothing"),
        pytest.param((3, 3), (4, 3), 5, "not survive", id="an unreachable learner becomes a voter"),
        pytest.param((2, 2), (3, 2), 3, None, id="of two, that costs nothing"),
        pytest.param((3, 2), (2, 1), 1, "no quorum", id="a healthy one of two goes"),
        pytest.param((3, 1), (2, 1), 1, "no quorum", id="nothing without a quorum"),
        pytest.param((5, 2), (4, 2), 3, "no quorum", id="not even taking out the dead"),
    ],
)
def test_a_step_that_one_more_failure_would_turn_into_an_outage_is_refused(before, after, target, reason):
    refusal = step_refusal(group(*before), group(*after), target=target)
    assert refusal is None if reason is None else reason in refusal
