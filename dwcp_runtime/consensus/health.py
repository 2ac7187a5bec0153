"""What an agent's status means: healthy or not, ready or not, and what people should know. Pure."""

from __future__ import annotations

from typing import Final

from dwcp_runtime.consensus.status_document import Condition, GroupStatus, Phase, Role, Truth

RUNBOOK_QUORUM: Final = "docs/runbooks/novacron-consensus-quorum-lost.md"

QUORUM: Final = "QuorumHeld"
TOLERANCE: Final = "ToleratesFailure"
SERVING: Final = "Serving"


def conditions(status: GroupStatus) -> tuple[Condition, ...]:
    """What follows from the status, then what only the agent knew."""
    return (quorum_held(status), _tolerance(status), _serving(status), *status.conditions)


def quorum_held(status: GroupStatus) -> Condition:
    """Whether a majority of the voters stands behind a leader, as far as this member sees."""
    quorum = status.quorum
    if status.phase is not Phase.RUNNING or quorum is None:
        return Condition(
            kind=QUORUM,
            status=Truth.UNKNOWN,
            reason="NotAMember",
            message=_why_not_running(status),
        )
    counted = f"{quorum.healthy} of {quorum.voters} voters answer, {quorum.size} are needed"
    if quorum.held:
        return Condition(kind=QUORUM, status=Truth.TRUE, reason="MajorityAnswers", message=counted)
    if quorum.healthy >= quorum.size:
        reason, message = "NoLeader", f"{counted}, and no leader is known: an election goes on"
    else:
        reason, message = "MajorityLost", f"{counted}: {_away(status)}"
    return Condition(
        kind=QUORUM,
        status=Truth.FALSE,
        reason=reason,
        message=f"{message}. Every write is refused, data is safe: do not delete volumes",
        runbook=RUNBOOK_QUORUM,
    )


def healthy(status: GroupStatus) -> bool:
    """Whether the member is part of a quorum, as a learner too."""
    return quorum_held(status).status is Truth.TRUE and status.role is not Role.NONE


def ready(status: GroupStatus) -> bool:
    """Whether clients should come here. A learner answers no linearizable read."""
    return healthy(status) and status.role is not Role.LEARNER


def not_serving(status: GroupStatus) -> Condition | None:
    """Why keys can't be read and written here now, or None."""
    held = quorum_held(status)
    if held.status is not Truth.TRUE:
        return held
    serving = _serving(status)
    return None if serving.status is Truth.TRUE else serving


def _tolerance(status: GroupStatus) -> Condition:
    quorum = status.quorum
    if quorum is None or not quorum.held:
        return Condition(
            kind=TOLERANCE, status=Truth.UNKNOWN, reason="NoQuorum", message="there is no quorum to lose"
        )
    spare = quorum.healthy - quorum.size
    if spare >= 1:
        message = f"{spare} more voters may fail" if spare > 1 else "one more voter may fail"
        return Condition(kind=TOLERANCE, status=Truth.TRUE, reason="Spare", message=message)
    if quorum.voters == quorum.healthy:
        message = f"with {quorum.voters} voters none may fail"
        return Condition(kind=TOLERANCE, status=Truth.FALSE, reason="TooFewVoters", message=message)
    return Condition(
        kind=TOLERANCE,
        status=Truth.FALSE,
        reason="VotersAway",
        message=f"no more voter may fail: {_away(status)}",
        runbook=RUNBOOK_QUORUM,
    )


def _serving(status: GroupStatus) -> Condition:
    if ready(status):
        return Condition(
            kind=SERVING, status=Truth.TRUE, reason="Member", message="reads and writes are taken"
        )
    if status.phase is not Phase.RUNNING:
        reason, message = status.phase.value.capitalize(), _why_not_running(status)
    elif status.role is Role.LEARNER:
        reason = "Learner"
        message = "a learner catches up and takes no reads and writes yet; ask another member"
    else:
        reason, message = "NoQuorum", "reads and writes need a quorum"
    return Condition(kind=SERVING, status=Truth.FALSE, reason=reason, message=message)


def _why_not_running(status: GroupStatus) -> str:
    reasons = "; ".join(status.waiting_for)
    return f"the member is {status.phase.value}" + (f": {reasons}" if reasons else "")


def _away(status: GroupStatus) -> str:
    away = [each.name or f"{each.id:x}" for each in status.members if not each.learner and not each.reachable]
    return f"{', '.join(away)} can't be reached" if away else "the others can't be reached"
