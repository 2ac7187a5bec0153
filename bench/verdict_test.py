from bench.verdict import Verdict, listed


def test_a_lost_goal_and_what_was_not_measured_are_listed_as_such() -> None:
    lost = Verdict(goal="80 % of it", reached=False, figures="65 %")

    assert listed([lost], ["3 members: no quorum"]).splitlines() == [
        "- **LOST**: 80 % of it: 65 %.",
        "- **not measured**: 3 members: no quorum.",
    ]
