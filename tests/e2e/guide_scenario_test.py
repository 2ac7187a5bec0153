import re

import pytest

from tests.e2e.guide_commands import COMMANDS
from tests.e2e.guide_scenario import check, expected
from tests.e2e.report import CheckError, NotRunError

FACTS = {"api": 20, "members": 7, "nodes": 12, "volume": "100Gi"}


class Answering:
    """Stands where kubectl stands, with an answer that doesn't depend on the cluster."""

    def __init__(self, answer):
        self.answer = answer

    def shell(self, line):
        return self.answer


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.line)
def test_each_command_either_shows_something_or_says_why_it_cannot_run(command):
    assert bool(command.shows) != bool(command.cannot)
    assert all(re.compile(pattern) for pattern in expected(command, FACTS))


def test_no_command_is_listed_twice():
    assert len({command.line for command in COMMANDS}) == len(COMMANDS)


def test_an_answer_without_a_member_is_no_answer():
    (command,) = (c for c in COMMANDS if c.line.startswith("kubectl get pvc -n"))
    lines = "".join(f"data-novacron-consensus-{n}   Bound   pvc-{n}   100Gi\n" for n in range(7))
    check(Answering(lines), command, FACTS)
    with pytest.raises(CheckError, match="not in the answer"):
        check(Answering(lines.replace("consensus-3   Bound", "consensus-3   Pending")), command, FACTS)


def test_a_command_that_cannot_run_is_not_run():
    (command,) = (c for c in COMMANDS if c.line.startswith("kubectl logs -l"))
    with pytest.raises(NotRunError, match="KWOK"):
        check(Answering(""), command, FACTS)
