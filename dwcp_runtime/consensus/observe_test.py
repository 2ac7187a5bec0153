import pytest

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.gateway import Gateway, no_tls
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.group_keys import Request
from dwcp_runtime.consensus.observe import Observer, Own
from dwcp_runtime.consensus.peer_map import parse
from dwcp_runtime.consensus.view import Timings

OWN = Own(
    timings=Timings(heartbeat_ms=100, election_ms=1000), round_trips={"lab-1": 0.1}, commit_seconds=0.01
)
PEERS = parse("lab-{i}=127.0.0.{i+1}")


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_leader_sees_its_group_and_what_is_agreed_on(start_etcd, run):
    etcd = start_etcd("lab-0")

    async def work():
        observer = Observer(etcd.client_url, PEERS, contexts=no_tls)
        async with Gateway(etcd.client_url) as gateway:
            request = Request(name="lab-3", peer_url="http://127.0.0.4:2380", instance="disk")
            await gateway.put(group_keys.joining_key("lab-3"), group_keys.request_value(request))
            await gateway.put(group_keys.VOTERS, b"3")
            learner = await gateway.add_learner("http://127.0.0.2:2380")
            await gateway.put(group_keys.admitted_key(learner.id), b"disk")
        view = (await observer.look(OWN)).view
        assert view is not None
        assert view.leading
        assert view.wanted_voters == 3
        (joiner,) = view.joiners
        assert (joiner.ordinal, joiner.instance) == (3, "disk")
        mine, other = view.member(view.me), view.member(learner.id)
        assert (mine.ordinal, mine.reachable, mine.commit_seconds, mine.timings) == (
            0,
            True,
            0.01,
            OWN.timings,
        )
        assert (other.name, other.ordinal, other.learner, other.reachable) == ("", 1, True, False)
        assert (other.instance, other.label) == ("disk", "http://127.0.0.2:2380")
        await observer.close()

    run(work())


def test_how_long_a_member_is_missed_counts_from_the_first_time(start_etcd, run):
    etcd = start_etcd("lab-0")

    async def work():
        clock = Clock()
        observer = Observer(etcd.client_url, PEERS, contexts=no_tls, clock=clock)
        async with Gateway(etcd.client_url) as gateway:
            learner = await gateway.add_learner("http://127.0.0.2:2380")
        await observer.look(OWN)
        clock.now = 160.0
        view = (await observer.look(OWN)).view
        assert view.member(learner.id).unreachable_since == 100.0
        assert view.member(view.me).unreachable_since is None
        await observer.close()

    run(work())


def test_a_member_without_a_quorum_may_decide_nothing(start_etcd, run):
    first = start_etcd("lab-0")

    async def grow():
        async with Gateway(first.client_url) as gateway:
            return await gateway.call("/v3/cluster/member/add", {"peerURLs": ["http://127.0.0.2:2380"]})

    run(grow())

    async def work():
        observer = Observer(first.client_url, PEERS, contexts=no_tls)
        view = (await observer.look(OWN)).view
        assert view is not None
        assert not view.leading
        await observer.close()

    run(work())


def test_a_member_that_does_not_answer_is_no_observation(run):
    async def work():
        observer = Observer("http://127.0.0.1:1", PEERS, contexts=no_tls)
        with pytest.raises(GatewayError):
            await observer.look(OWN)
        await observer.close()

    run(work())
