from typing import Any

from bench.acp.agents import Seen, whole


def status(role: str = "follower", **changes: Any) -> dict[str, Any]:
    return {
        "role": role,
        "leader": "bench-0",
        "term": 4,
        "timings_running": {"heartbeat_ms": 150, "election_ms": 1500},
        "quorum": {"voters": 3, "healthy": 3},
        **changes,
    }


def test_a_group_is_whole_when_all_name_the_same_leader_term_and_timings():
    found = {0: status("leader"), 1: status(), 2: status()}
    assert whole(found) == Seen(leader=0, term=4, heartbeat_ms=150, election_ms=1500)


def test_a_group_with_a_member_that_is_silent_or_behind_or_away_is_not_whole():
    assert whole({0: status("leader"), 1: status()}) is None
    assert whole({0: status("leader"), 1: status(), 2: status(term=3)}) is None
    away = status("leader", quorum={"voters": 3, "healthy": 2})
    assert whole({0: away, 1: status(), 2: status()}) is None


def test_a_group_without_timings_or_quorum_is_not_whole():
    none = {"timings_running": None}
    assert whole({0: status("leader", **none), 1: status(**none), 2: status(**none)}) is None
    assert whole({0: status("leader", quorum=None), 1: status(), 2: status()}) is None
