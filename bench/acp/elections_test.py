import json

from bench.acp.elections import asked_for, spurious


def log(*messages: str) -> list[str]:
    return [json.dumps({"event": "etcd", "message": message}) for message in messages]


def test_a_member_that_stands_without_a_pre_vote_was_asked_to():
    handed = log(
        "1a became follower at term 2", "1a became candidate at term 3", "1a became leader at term 3"
    )
    waited = log("2b became pre-candidate at term 3", "2b became candidate at term 4")
    assert asked_for([handed, waited]) == {3}


def test_a_pre_vote_that_was_lost_does_not_make_the_next_hand_over_an_election():
    lines = log(
        "1a became pre-candidate at term 2", "1a became follower at term 2", "1a became candidate at term 3"
    )
    assert asked_for([lines]) == {3}


def test_lines_that_are_no_json_are_passed_over():
    assert asked_for([["Traceback", "3", *log("1a became candidate at term 3")]]) == {3}


def test_terms_that_nobody_asked_for_are_spurious():
    assert spurious(2, 5, frozenset({2, 4})) == 2
    assert spurious(5, 5, frozenset()) == 0
