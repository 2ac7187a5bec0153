"""What an agent knows between two turns: it is asked for the status, and the next turn goes on from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dwcp_runtime.consensus import describe
from dwcp_runtime.consensus.data_dir import State
from dwcp_runtime.consensus.observe import Observation, Own
from dwcp_runtime.consensus.startup import DEFAULT_TIMINGS, NotYet
from dwcp_runtime.consensus.status_document import GroupStatus, Phase, SnapshotStatus
from dwcp_runtime.consensus.view import Member, Memory, View


@dataclass(kw_only=True)
class Known:
    """`seen`: the last look, None while the own etcd gives none. `waiting`: why nothing is done. `leaders`:
    ids of the leaders that were seen, one after another. `running`: whether an etcd was started."""

    own: Own = field(default_factory=lambda: Own(timings=DEFAULT_TIMINGS))
    seen: Observation | None = None
    phase: Phase = Phase.STARTING
    waiting: tuple[str, ...] = ()
    memory: Memory = field(default_factory=Memory)
    leaders: list[int] = field(default_factory=list)
    running: bool = False

    @property
    def view(self) -> View | None:
        """The group, as far as the member can tell it."""
        return self.seen.view if self.seen is not None else None

    def member(self, member_id: int) -> Member | None:
        """One of the group's members."""
        view = self.view
        return view.member(member_id) if view is not None else None

    def look(self, seen: Observation) -> None:
        """The own etcd answers, and this is what there is."""
        self.seen = seen
        self.phase = Phase.RUNNING
        leader = seen.status.leader
        if leader and leader != (self.leaders[-1] if self.leaders else 0):
            self.leaders.append(leader)

    def look_failed(self, why: str) -> None:
        """The own etcd doesn't answer."""
        self.seen = None
        self.phase = Phase.STARTING
        self.waiting = (f"the own etcd does not answer: {why}",)

    def wait(self, step: NotYet) -> bool:
        """A start that must wait. True if that is new."""
        self.phase = Phase.RETIRED if step.retired else Phase.JOINING if step.joining else Phase.WAITING
        before, self.waiting = self.waiting, (step.why,)
        return before != self.waiting

    def ended(self) -> None:
        """The etcd that was started runs no more."""
        self.running = False
        self.seen = None

    def status(
        self, *, name: str, disk: State, etcd_version: str, last_snapshot: SnapshotStatus | None
    ) -> GroupStatus:
        """All of it, as it is told."""
        seen, view = self.seen, self.view
        leader = view.member(view.leader) if view is not None else None
        return GroupStatus(
            name=name,
            phase=self.phase,
            role=describe.role(view, learner=seen is not None and seen.status.learner),
            member_id=seen.status.member_id if seen is not None else disk.member_id,
            cluster_id=seen.status.cluster_id if seen is not None else disk.cluster_id,
            epoch=disk.epoch,
            leader=leader.name if leader is not None else None,
            term=seen.status.term if seen is not None else None,
            raft_index=seen.status.raft_index if seen is not None else None,
            leader_changes=max(0, len(self.leaders) - 1),
            members=describe.members(view) if view is not None else (),
            quorum=describe.quorum_of(view) if view is not None else None,
            wanted_voters=seen.agreed.voters if seen is not None else None,
            timings_running=describe.timing(self.own.timings) if self.running else None,
            timings_wanted=describe.timing(seen.agreed.timings) if seen is not None else None,
            round_trips=dict(self.own.round_trips),
            db_size=seen.status.db_size if seen is not None else None,
            db_in_use=seen.status.db_in_use if seen is not None else None,
            etcd_version=etcd_version,
            ca_digest=self.own.ca_digest,
            ca_file_digest=self.own.ca_file_digest,
            commit_seconds=self.own.commit_seconds,
            last_snapshot=last_snapshot,
            waiting_for=self.waiting,
        )
