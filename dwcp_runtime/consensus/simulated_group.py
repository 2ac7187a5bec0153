"""A group of pods, disks, agents and one Raft log, without processes and without waiting.

It stands for etcd and Kubernetes where the decisions of this package meet them, and refuses nothing that a
decision should have refused itself: what must never happen raises `BrokenError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from dwcp_runtime.consensus import bootstrap
from dwcp_runtime.consensus.group_keys import Agreed
from dwcp_runtime.consensus.policy import decide
from dwcp_runtime.consensus.restart import timings_to_take_up
from dwcp_runtime.consensus.timing import DEFAULT
from dwcp_runtime.consensus.view import (
    Action,
    AddLearner,
    AllowRestart,
    ClearRestart,
    Defragment,
    DisarmNoSpace,
    Joiner,
    Member,
    Memory,
    MoveLeader,
    Promote,
    Remove,
    SetWantedTimings,
    TakeSnapshot,
    Timings,
    View,
)

LEASE_SECONDS = 30.0
HOUR = 3600.0


class BrokenError(AssertionError):
    """Something happened that must never happen."""


@dataclass(kw_only=True)
class Pod:
    """A pod, its volume, and what runs in it."""

    ordinal: int
    exists: bool = False
    down_until: float = 0.0
    side: int = 0
    """Of a partition; pods reach those of their own side."""
    instance: str | None = None
    has_data: bool = False
    started: bool = False
    member_id: int | None = None
    etcd_up: bool = False
    timings: Timings = DEFAULT
    ca: int = 0
    position: float = 0.0
    """Round trips are differences of positions, in seconds."""
    db_size: int = 0

    def __post_init__(self) -> None:
        self.name = f"c-{self.ordinal}"
        self.url = f"https://{self.name}:2380"


@dataclass(kw_only=True)
class Entry:
    """A member as the group lists it, with what its log holds."""

    id: int
    pod: Pod
    learner: bool
    instance: str | None
    ever_started: bool = False
    index: int = 0


@dataclass(kw_only=True)
class Seen:
    """A decision together with what it was made from."""

    term: int
    action: Action
    voters: int
    healthy: int
    wish: int | None
    failures: int
    """Of the whole run until then."""


@dataclass(kw_only=True)
class SimulatedGroup:
    """Everything there is. `failures` counts members that went away for reasons of their own."""

    random: Random
    pods: list[Pod]
    now: float = 1000.0
    entries: dict[int, Entry] = field(default_factory=dict)
    next_id: int = 1
    instances: int = 0
    grant: bootstrap.Grant = field(default_factory=lambda: bootstrap.Grant(state=bootstrap.GrantState.ABSENT))
    founded: int = 0
    leader: int | None = None
    term: int = 0
    committed: int = 0
    wish: int | None = None
    joining: dict[str, tuple[Joiner, float]] = field(default_factory=dict)
    wanted_timings: Timings | None = None
    generation: int = 0
    rolling: str | None = None
    ca: int = 0
    moves: list[float] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    missed: dict[int, float] = field(default_factory=dict)
    decider: int | None = None
    failures: int = 0
    reasons: tuple[str, ...] = ()
    listed: tuple[bootstrap.ListedMember, ...] | None = None
    """The member list of this turn, once an agent has asked for it."""
    history: list[str] = field(default_factory=list)

    # What is true.

    def up(self, pod: Pod) -> bool:
        """Whether the pod's agent runs."""
        return pod.exists and pod.down_until <= self.now

    def alive(self, entry: Entry) -> bool:
        """Whether the member's etcd runs."""
        pod = entry.pod
        return pod.etcd_up and pod.member_id == entry.id and self.up(pod)

    def voters(self) -> list[Entry]:
        """Members that vote."""
        return [entry for entry in self.entries.values() if not entry.learner]

    def quorum(self) -> int:
        """Voters that must agree."""
        return len(self.voters()) // 2 + 1

    def healthy(self, side: int) -> list[Entry]:
        """Voters that run on one side of a partition."""
        return [entry for entry in self.voters() if entry.pod.side == side and self.alive(entry)]

    def steady(self, side: int) -> int:
        """How many of them will still run in the next moment: one whose turn it is to restart may not."""
        return sum(entry.pod.name != self.rolling for entry in self.healthy(side))

    def leads(self) -> Entry | None:
        """The leader, if a quorum follows it."""
        entry = self.entries.get(self.leader) if self.leader is not None else None
        if entry is None or entry.learner or not self.alive(entry):
            return None
        return entry if len(self.healthy(entry.pod.side)) >= self.quorum() else None

    # What happens by itself.

    def elect(self) -> None:
        """Lets the newest log among a quorum lead. Acknowledged entries must be in it."""
        if self.leads() is not None:
            return
        self.leader = None
        for side in (0, 1):
            electors = self.healthy(side)
            if electors and len(electors) >= self.quorum():
                newest = max(entry.index for entry in electors)
                if newest < self.committed:
                    raise BrokenError(
                        f"entries up to {self.committed} were acknowledged, {newest} is left of them"
                    )
                fit = [entry for entry in electors if entry.index == newest]
                self.leader = self.random.choice(fit).id
                self.term += 1

    def write(self) -> None:
        """Commits some entries on a quorum, often not on more."""
        leader = self.leads()
        if leader is None:
            return
        self.committed += self.random.choice((0, 5, 900))
        leader.index = self.committed
        followers = [entry for entry in self.healthy(leader.pod.side) if entry is not leader]
        self.random.shuffle(followers)
        needed = self.quorum() - 1
        for count, follower in enumerate(followers):
            if count < needed or self.random.random() < 0.7:
                follower.index = self.committed
        for entry in self.entries.values():
            if entry.learner and self.alive(entry) and entry.pod.side == leader.pod.side:
                behind = self.committed - entry.index
                entry.index += behind if self.random.random() < 0.5 else behind // 2

    # What agents do.

    def view(self, leader: Entry) -> View:
        """The group as the leader's agent sees it."""
        if self.decider != leader.id:
            self.decider, self.missed, self.memory = leader.id, {}, Memory()
        self.moves = [at for at in self.moves if self.now - at < HOUR]
        return View(
            now=self.now,
            me=leader.id,
            leader=leader.id,
            term=self.term,
            members=tuple(self.member(entry, leader) for entry in self.entries.values()),
            joiners=tuple(joiner for joiner, _ in self.joining.values()),
            wanted_voters=self.wish,
            wanted_timings=self.wanted_timings,
            timings_generation=self.generation,
            rolling=self.rolling,
            placement_moves=len(self.moves),
            snapshot_age=0.0,
        )

    def member(self, entry: Entry, leader: Entry) -> Member:
        """One member as the leader's agent sees it."""
        pod = entry.pod
        reachable = self.alive(entry) and pod.side == leader.pod.side
        if reachable:
            self.missed.pop(entry.id, None)
        else:
            self.missed.setdefault(entry.id, self.now)
        trips = {}
        if reachable:
            others = (other.pod for other in self.entries.values() if other is not entry)
            trips = {other.name: abs(other.position - pod.position) for other in others}
        return Member(
            id=entry.id,
            name=pod.name if entry.ever_started else "",
            ordinal=pod.ordinal,
            peer_url=pod.url,
            learner=entry.learner,
            reachable=reachable,
            unreachable_since=self.missed.get(entry.id),
            instance=entry.instance,
            raft_index=entry.index if reachable else None,
            round_trips=trips,
            timings=pod.timings if reachable else None,
            ca_digest=str(pod.ca) if reachable else None,
            ca_file_digest=str(self.ca) if reachable else None,
            db_size=pod.db_size if reachable else None,
            db_in_use=1 << 20 if reachable else None,
        )

    def turn(self, between: Callable[[], None] = lambda: None) -> None:
        """One turn of every agent; `between` happens after the leader has decided and before it acts."""
        for pod in self.pods:
            if self.up(pod):
                self.agent(pod)
        self.listed = None
        self.joining = {name: asked for name, asked in self.joining.items() if asked[1] > self.now}
        self.elect()
        self.write()
        leader = self.leads()
        if leader is None or not self.grant.founded:
            return
        decision = decide(self.view(leader), self.memory)
        self.memory, self.reasons = decision.memory, decision.reasons
        if decision.action is None:
            return
        seen = Seen(
            term=self.term,
            action=decision.action,
            voters=len(self.voters()),
            healthy=self.steady(leader.pod.side),
            wish=self.wish,
            failures=self.failures,
        )
        between()
        self.elect()
        if self.leads() is leader and self.term == seen.term:
            self.history.append(f"{self.now:.0f} {decision.action}")
            self.act(seen, leader)

    def agent(self, pod: Pod) -> None:
        """What an agent does for its own member."""
        if pod.etcd_up:
            self.supervise(pod)
            return
        group = self.answering(pod)
        disk = bootstrap.Disk(
            instance=pod.instance,
            has_data=pod.has_data,
            started=pod.started,
            epoch=1 if pod.has_data else None,
            cluster_id=1 if pod.has_data else None,
            member_id=pod.member_id,
        )
        grant = self.grant
        if self.random.random() < 0.05:
            grant = bootstrap.Grant(state=bootstrap.GrantState.UNKNOWN)
        start = bootstrap.decide_start(
            name=pod.name, ordinal=pod.ordinal, disk=disk, grant=grant, group=group
        )
        self.follow(pod, start, killed=self.random.random() < 0.05)

    def answering(self, pod: Pod) -> bootstrap.Group | None:
        """The group that a pod reaches."""
        leader = self.leads()
        if leader is None or leader.pod.side != pod.side:
            return None
        if self.listed is None:
            self.listed = tuple(
                bootstrap.ListedMember(id=e.id, name=e.pod.name, peer_url=e.pod.url, instance=e.instance)
                for e in self.entries.values()
            )
        return bootstrap.Group(cluster_id=1, epoch=1, members=self.listed, wanted_voters=self.wish)

    def supervise(self, pod: Pod) -> None:
        """A running etcd: restarts in its turn, ends when its member was removed, publishes its name."""
        leader = self.leads()
        entry = self.entries.get(pod.member_id) if pod.member_id is not None else None
        if leader is None or leader.pod.side != pod.side:
            return
        if entry is None:
            pod.etcd_up = False
            return
        if not self.grant.founded:
            self.grant = replace(self.grant, founded=True)
        entry.ever_started = True
        if self.rolling == pod.name:
            # Nobody else asks: a view costs more than the rest of a turn.
            self.restart(pod, None if entry.learner else replace(self.view(leader), me=entry.id))

    def restart(self, pod: Pod, view: View | None) -> None:
        """A member whose turn it is restarts where its agent's rule lets it."""
        timings = timings_to_take_up(
            name=pod.name,
            agreed=Agreed(rolling=self.rolling, timings=self.wanted_timings),
            view=view,
            running=pod.timings,
            same_ca=pod.ca == self.ca,
        )
        if timings is not None:
            pod.timings, pod.ca = timings, self.ca
            pod.etcd_up = False
            pod.down_until = self.now + self.random.choice((0.5, 3.0))

    def follow(self, pod: Pod, start: bootstrap.Start, *, killed: bool) -> None:
        """Carries out one start decision, or the first half of it."""
        match start:
            case bootstrap.NameDisk():
                self.instances += 1
                pod.instance = f"disk-{self.instances}"
            case bootstrap.TakeGrant(instance=instance):
                if self.grant.state is bootstrap.GrantState.ABSENT:
                    self.grant = bootstrap.Grant(state=bootstrap.GrantState.GIVEN, holder=instance)
            case bootstrap.Found():
                self.found(pod, killed=killed)
            case bootstrap.Restart():
                self.run(pod)
            case bootstrap.AskToJoin(instance=instance):
                joiner = Joiner(name=pod.name, ordinal=pod.ordinal, peer_url=pod.url, instance=instance)
                self.joining[pod.name] = (joiner, self.now + LEASE_SECONDS)
            case bootstrap.StartAdmitted(member_id=member_id):
                pod.started = True
                if not killed:
                    self.start_admitted(pod, member_id)
            case bootstrap.SetAside():
                empty(pod)
            case bootstrap.Wait():
                pass

    def found(self, pod: Pod, *, killed: bool) -> None:
        """A new group of one."""
        if killed:
            return
        self.founded, self.listed = self.founded + 1, None
        if self.founded > 1:
            raise BrokenError(f"{pod.name} founded a second group")
        entry = Entry(id=self.next_id, pod=pod, learner=False, instance=None)
        self.entries[entry.id] = entry
        self.next_id += 1
        pod.has_data, pod.member_id = True, entry.id
        self.run(pod)

    def start_admitted(self, pod: Pod, member_id: int) -> None:
        """The first start of an added member."""
        entry = self.entries[member_id]
        if entry.ever_started:
            raise BrokenError(f"{pod.name} went on as member {member_id} without the log that this one had")
        if entry.pod is not pod:
            raise BrokenError(f"{pod.name} started as a member of {entry.pod.name}")
        entry.ever_started = True
        pod.has_data, pod.member_id = True, member_id
        self.run(pod)

    def run(self, pod: Pod) -> None:
        """Starts etcd with what has been agreed."""
        pod.etcd_up = True
        pod.timings, pod.ca = self.wanted_timings or DEFAULT, self.ca

    # What the leader does.

    def act(self, seen: Seen, leader: Entry) -> None:
        """Carries out an action, after checking that it may be."""
        match seen.action:
            case AddLearner(name=name, peer_url=url, instance=instance):
                self.add(name, url, instance)
            case Promote(id=member_id):
                self.promote(seen, self.entries[member_id], leader)
            case Remove(id=member_id):
                self.remove(seen, self.entries[member_id], leader)
            case MoveLeader(to=member_id, for_placement=for_placement):
                self.move(seen, self.entries[member_id], leader, for_placement)
            case SetWantedTimings(timings=timings, generation=generation):
                if generation <= self.generation:
                    raise BrokenError(f"generation {generation} after {self.generation}")
                self.wanted_timings, self.generation = timings, generation
            case AllowRestart(name=name):
                self.allow(seen, name, leader)
            case ClearRestart():
                self.rolling = None
            case Defragment(id=member_id):
                self.defragment(seen, self.entries[member_id], leader)
            case TakeSnapshot() | DisarmNoSpace():
                pass

    def add(self, name: str, url: str, instance: str) -> None:
        """etcd adds a learner; the agent may die before it records for whom."""
        pod = next(pod for pod in self.pods if pod.name == name)
        if any(entry.pod is pod for entry in self.entries.values()):
            raise BrokenError(f"{name} is a member already")
        recorded = self.random.random() > 0.1
        entry = Entry(id=self.next_id, pod=pod, learner=True, instance=instance if recorded else None)
        self.entries[entry.id] = entry
        self.next_id += 1

    def promote(self, seen: Seen, entry: Entry, leader: Entry) -> None:
        """A learner becomes a voter."""
        if not entry.learner:
            raise BrokenError("a voter is promoted")
        if seen.failures == self.failures and self.committed - entry.index > 1000:
            raise BrokenError(f"{entry.pod.name} votes {self.committed - entry.index} entries behind")
        entry.learner = False
        self.check_step(seen, leader, f"promoting {entry.pod.name}")

    def remove(self, seen: Seen, entry: Entry, leader: Entry) -> None:
        """A member goes."""
        if entry is leader:
            raise BrokenError("the leader is removed")
        if not entry.learner and seen.failures == self.failures:
            self.check_reason(seen, entry, leader)
        del self.entries[entry.id]
        if not entry.learner:
            self.check_step(seen, leader, f"removing {entry.pod.name}")

    def check_reason(self, seen: Seen, entry: Entry, leader: Entry) -> None:
        """A voter goes only for a lost disk, for the wish, or to make an even number odd again."""
        voters = len(self.voters())
        lost = entry.pod.instance is None or entry.pod.member_id != entry.id
        surplus = seen.wish is not None and entry.pod.ordinal >= seen.wish
        if not (lost or surplus or voters % 2 == 0):
            raise BrokenError(f"{entry.pod.name} is removed without need")
        if not lost and not surplus:
            if voters == 2:
                raise BrokenError("two voters became one without a wish")
            if len(self.entries) > voters or self.joining:
                raise BrokenError(f"{entry.pod.name} is taken back while another one is on the way")
        if surplus and not lost:
            higher = [
                e
                for e in self.voters()
                if e.pod.ordinal > entry.pod.ordinal and self.alive(e) and e is not leader
            ]
            if higher and self.alive(entry) and entry.pod.side == leader.pod.side:
                raise BrokenError(f"{entry.pod.name} goes before {higher[0].pod.name}")

    def check_step(self, seen: Seen, leader: Entry, what: str) -> None:
        """The group survives its own step, and one failure that came in between, where it could before."""
        if seen.healthy < seen.voters // 2 + 1:
            raise BrokenError(f"{what} without a quorum")
        failed = self.failures - seen.failures
        spare = self.steady(leader.pod.side) - self.quorum()
        had = seen.healthy - (seen.voters // 2 + 1)
        keeps = 1 if had >= 1 and seen.wish != 1 else 0
        if spare + failed < keeps:
            raise BrokenError(f"{what} took {seen.healthy}/{seen.voters} voters to {spare} spare ones")

    def move(self, seen: Seen, entry: Entry, leader: Entry, for_placement: bool) -> None:
        """Leadership goes to another voter; etcd refuses one that is away."""
        if entry.learner or entry is leader:
            raise BrokenError("leadership goes to a learner, or to the leader")
        if seen.failures == self.failures and (not self.alive(entry) or entry.pod.side != leader.pod.side):
            raise BrokenError("leadership goes to a member that is away")
        if for_placement:
            self.moves.append(self.now)
            if len(self.moves) > 3:
                raise BrokenError("leadership moved four times within an hour")
            if seen.wish is not None and entry.pod.ordinal >= seen.wish:
                raise BrokenError("leadership moved to a member that is about to be removed")
        if self.alive(entry) and entry.pod.side == leader.pod.side:
            entry.index = leader.index
            self.leader = entry.id
            self.term += 1

    def allow(self, seen: Seen, name: str, leader: Entry) -> None:
        """A member may restart."""
        if self.rolling is not None:
            raise BrokenError("two members restart")
        if seen.failures == self.failures:
            self.check_quiet(leader, "a member restarts")
        if name == leader.pod.name and len(self.healthy(leader.pod.side)) > 1:
            raise BrokenError("the leader restarts as the leader")
        self.rolling = name

    def defragment(self, seen: Seen, entry: Entry, leader: Entry) -> None:
        """A member gives its unused pages back, and is away meanwhile."""
        if seen.failures == self.failures:
            self.check_quiet(leader, "a member is defragmented")
        if entry is leader and len(self.voters()) > 1:
            raise BrokenError("the leader is defragmented as the leader")
        entry.pod.db_size = 1 << 20

    def check_quiet(self, leader: Entry, what: str) -> None:
        """Nobody is away, and no change is under way."""
        for entry in self.entries.values():
            if not self.alive(entry) or entry.pod.side != leader.pod.side:
                raise BrokenError(f"{what} while {entry.pod.name} is away")
        if self.rolling is not None:
            raise BrokenError(f"{what} while {self.rolling} restarts")
        if len(self.voters()) % 2 == 0 and len(self.voters()) > 2:
            raise BrokenError(f"{what} while the members change")


def empty(pod: Pod) -> None:
    """A volume with nothing on it."""
    pod.instance, pod.has_data, pod.started, pod.member_id, pod.etcd_up = None, False, False, None, False
