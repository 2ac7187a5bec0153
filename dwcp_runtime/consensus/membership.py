"""Who belongs to the group: the next single step towards the wanted voters, or why there is none.

Nothing is remembered of a change under way: each step follows from the members that there are. So a change
that was cut short is finished, or undone, by whoever leads next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from charts_py.contract.dwcp import CONSENSUS_SIZES
from dwcp_runtime.consensus.quorum import Strength, step_refusal
from dwcp_runtime.consensus.standing import belongs, caught_up, next_leader, steady
from dwcp_runtime.consensus.view import AddLearner, Joiner, Member, MoveLeader, Promote, Remove, View

MAX_VOTERS: Final = CONSENSUS_SIZES[-1]

MAX_LEARNERS: Final = MAX_VOTERS - 1
"""Room for all pods that may appear beside the founder at once. etcd must be started with as many."""

LEARNER_PATIENCE_SECONDS: Final = 300.0
"""How long a learner may be away before its place is given up. Its agent asks again when it is back."""

UNEVEN_PATIENCE_SECONDS: Final = 120.0
"""How long an even number of voters waits for one more, while nobody is on the way, before one is taken back.
A pod that was rescheduled is back within it."""


@dataclass(frozen=True, kw_only=True)
class MembershipStep:
    """What is next for the members of the group."""

    action: AddLearner | Promote | Remove | MoveLeader | None = None
    reasons: tuple[str, ...] = ()
    under_way: bool = False
    """Whether a change is going on, so that nothing else should restart a member."""
    uneven_since: float | None = None


def wish_refusal(wanted: int) -> str | None:
    """Why a group can't have `wanted` voters, or None if it can."""
    if wanted in CONSENSUS_SIZES:
        return None
    allowed = ", ".join(map(str, CONSENSUS_SIZES))
    if 1 <= wanted <= MAX_VOTERS:
        return (
            f"{wanted} voters: an even number survives no more failures than {wanted - 1}, and every write "
            f"waits for one more of them; ask for one of {allowed}"
        )
    if wanted < 1:
        return f"{wanted} voters: a group has at least one; ask for one of {allowed}"
    return (
        f"{wanted} voters: every write waits for a majority, so {MAX_VOTERS} is the most; "
        f"ask for one of {allowed}"
    )


def next_step(view: View, uneven_since: float | None) -> MembershipStep:
    """The next membership step of the leader.

    `uneven_since` is what the step before this one said under that name.
    """
    if view.wanted_voters is not None and (refusal := wish_refusal(view.wanted_voters)) is not None:
        return MembershipStep(reasons=(refusal,))
    plan = _Plan(view)
    if (step := plan.replace_lost_disks()) is not None:
        return step
    if (step := plan.give_up_learners()) is not None:
        return step
    voters = plan.towards_goal(uneven_since)
    if voters.action is not None:
        return voters
    joined = plan.admit()
    return MembershipStep(
        action=joined.action,
        reasons=(*plan.reasons, *voters.reasons, *joined.reasons),
        under_way=joined.action is not None or voters.under_way or bool(plan.on_the_way),
        uneven_since=voters.uneven_since,
    )


def _same_pod(joiner: Joiner, member: Member) -> bool:
    return joiner.peer_url == member.peer_url or joiner.name == member.name


class _Plan:
    """One look at the members; `reasons` collects what holds up the steps that were passed over."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.limit = view.wanted_voters or MAX_VOTERS
        self.strength = Strength(
            voters=len(view.voters), healthy=sum(steady(view, voter) for voter in view.voters)
        )
        self.reasons: tuple[str, ...] = ()
        self.joiners = tuple(sorted(view.joiners, key=lambda joiner: joiner.name))
        self.ready = tuple(
            m for m in view.learners if belongs(view, m) and caught_up(view, m) and steady(view, m)
        )
        self.surplus = tuple(m for m in reversed(view.voters) if not belongs(view, m))
        self.on_the_way = (
            *(m.label for m in view.learners if belongs(view, m) and not caught_up(view, m)),
            *(j.name for j in self.joiners if self.may_join(j) and self.old_member(j) is None),
        )

    def may_join(self, joiner: Joiner) -> bool:
        return joiner.ordinal is not None and joiner.ordinal < self.limit

    def old_member(self, joiner: Joiner) -> Member | None:
        return next((m for m in self.view.members if _same_pod(joiner, m)), None)

    def replace_lost_disks(self) -> MembershipStep | None:
        """A pod that asks with another disk than its member was admitted for has lost that one."""
        for joiner in self.joiners:
            old = self.old_member(joiner)
            if old is None or old.instance == joiner.instance:
                continue
            if old.reachable:
                self.wait(f"{joiner.name} asks to join with an empty disk while its member still answers")
                continue
            why = "its disk is gone, and its pod asks to join with an empty one"
            if (step := self.remove(old, why, target=self.strength.voters)) is not None:
                return step
        return None

    def give_up_learners(self) -> MembershipStep | None:
        for learner in reversed(self.view.learners):
            if not belongs(self.view, learner):
                return self.removal(learner, f"the group is to have {self.limit} voters")
            if any(j.instance == learner.instance and _same_pod(j, learner) for j in self.joiners):
                continue
            since = learner.unreachable_since
            if since is not None and self.view.now - since >= LEARNER_PATIENCE_SECONDS:
                return self.removal(learner, f"as a learner it was away for {LEARNER_PATIENCE_SECONDS:.0f} s")
        return None

    def towards_goal(self, uneven_since: float | None) -> MembershipStep:
        voters = self.strength.voters
        if voters > self.limit:
            return self.shed(self.surplus or tuple(reversed(self.view.voters)), target=self.limit)
        goal = _odd_at_most(min(self.limit, voters + len(self.ready)))
        if voters < goal:
            return self.promote(goal)
        if voters > goal:
            return self.complete_or_undo(goal, uneven_since)
        if self.surplus and self.ready:
            return self.promote(goal)
        return self.make_way() or MembershipStep(reasons=self.what_is_missing())

    def make_way(self) -> MembershipStep | None:
        """A voter that is to go anyway and doesn't come back must not keep its substitute out: nobody is
        added while a voter is away."""
        if not any(self.may_join(joiner) and self.old_member(joiner) is None for joiner in self.joiners):
            return None
        for voter in self.surplus:
            since = voter.unreachable_since
            if since is not None and self.view.now - since >= UNEVEN_PATIENCE_SECONDS:
                return self.remove(voter, "a pod that is to vote waits for its place", target=self.limit)
        return None

    def what_is_missing(self) -> tuple[str, ...]:
        """A group at rest says what keeps it from the wish."""
        wanted, voters = self.view.wanted_voters, self.strength.voters
        if wanted is not None and voters < wanted:
            learners = f"{len(self.ready)} learner{'' if len(self.ready) == 1 else 's'} caught up"
            return (
                f"{voters} of {wanted} wanted voters, {learners}: two more pods must join to grow by two",
            )
        if self.surplus:
            return (f"{self.surplus[0].label} votes until a pod below ordinal {self.limit} takes its place",)
        return ()

    def promote(self, goal: int) -> MembershipStep:
        learner = self.ready[0]
        refusal = step_refusal(self.strength, self.strength.with_one_more(healthy=True), target=goal)
        if refusal is not None:
            return MembershipStep(reasons=(f"{learner.label} doesn't vote yet: {refusal}",), under_way=True)
        return MembershipStep(action=Promote(id=learner.id), under_way=True)

    def complete_or_undo(self, goal: int, uneven_since: float | None) -> MembershipStep:
        """An even number is left by a change that was cut short, or by a lost disk that is being replaced."""
        voters = self.strength.voters
        if self.surplus:
            return self.shed(self.surplus, target=goal)
        if self.on_the_way:
            reason = f"{voters} voters wait for {', '.join(self.on_the_way)} to catch up"
            return MembershipStep(reasons=(reason,), under_way=True)
        if voters == 2:
            reason = "2 voters wait for a third: one alone would hold the only copy of every write"
            return MembershipStep(reasons=(reason,))
        since = self.view.now if uneven_since is None else uneven_since
        if self.view.now - since < UNEVEN_PATIENCE_SECONDS:
            reason = f"{voters} voters wait for one more until {UNEVEN_PATIENCE_SECONDS:.0f} s have passed"
            return MembershipStep(reasons=(reason,), under_way=True, uneven_since=since)
        newest = self.view.voters[-1]
        down = [m.label for m in self.view.voters if not steady(self.view, m) and m is not newest]
        if down:
            reason = (
                f"{voters} voters stay until {', '.join(down)} answers: one healthy voter less helps nobody"
            )
            return MembershipStep(reasons=(reason,), under_way=True, uneven_since=since)
        step = self.shed((newest,), target=goal)
        return MembershipStep(action=step.action, reasons=step.reasons, under_way=True, uneven_since=since)

    def shed(self, candidates: Iterable[Member], *, target: int) -> MembershipStep:
        """The first of `candidates` that may go. One that is down may go where a healthy one may not; nobody
        goes before one whose turn it is to restart, since that one is back soon."""
        seen = len(self.reasons)
        for candidate in candidates:
            if candidate.reachable and not steady(self.view, candidate):
                self.wait(f"{candidate.label} isn't removed: it is its turn to restart")
                break
            step = self.remove(candidate, f"the group is to have {target} voters", target=target)
            if step is not None:
                return step
        reasons, self.reasons = self.reasons[seen:], self.reasons[:seen]
        return MembershipStep(reasons=reasons, under_way=True)

    def remove(self, member: Member, why: str, *, target: int) -> MembershipStep | None:
        if not member.learner:
            after = self.strength.with_one_less(healthy=steady(self.view, member))
            refusal = step_refusal(self.strength, after, target=target)
            if refusal is not None:
                self.wait(f"{member.label} isn't removed: {refusal}")
                return None
        if member.id != self.view.leader:
            return self.removal(member, why)
        heir = next_leader(self.view, member)
        if heir is None:
            self.wait(f"{member.label} isn't removed: it leads, and no other voter can take over")
            return None
        return MembershipStep(
            action=MoveLeader(to=heir.id, why=f"{member.label} is about to be removed: {why}"), under_way=True
        )

    def removal(self, member: Member, why: str) -> MembershipStep:
        return MembershipStep(action=Remove(id=member.id, why=why), under_way=True)

    def admit(self) -> MembershipStep:
        reasons = []
        for joiner in sorted(self.joiners, key=lambda j: (j.ordinal is None, j.ordinal)):
            if self.old_member(joiner) is not None:
                continue
            if not self.may_join(joiner):
                reasons.append(self.why_not(joiner))
                continue
            if len(self.view.learners) >= MAX_LEARNERS:
                reasons.append(f"{joiner.name} waits: there are {MAX_LEARNERS} learners")
                continue
            down = [m.label for m in self.view.voters if not steady(self.view, m)]
            if down:
                # etcd's strict-reconfig-check refuses it too.
                reasons.append(f"{joiner.name} waits until {', '.join(down)} answers")
                continue
            action = AddLearner(name=joiner.name, peer_url=joiner.peer_url, instance=joiner.instance)
            return MembershipStep(action=action, reasons=tuple(reasons))
        return MembershipStep(reasons=tuple(reasons))

    def why_not(self, joiner: Joiner) -> str:
        if joiner.ordinal is None:
            return f"{joiner.name} isn't admitted: its name doesn't end with an ordinal"
        if self.view.wanted_voters is None:
            return f"{joiner.name} isn't admitted: a group has at most {MAX_VOTERS} voters"
        return (
            f"{joiner.name} isn't admitted: {self.limit} voters are wanted, those below ordinal {self.limit}"
        )

    def wait(self, reason: str) -> None:
        self.reasons = (*self.reasons, reason)


def _odd_at_most(number: int) -> int:
    return number - (number + 1) % 2
