"""Agents as processes, with real etcd. Cuts and load are in tests/acp."""

import asyncio
import json
import shutil
import signal
import time
import urllib.error
import urllib.request

from dwcp_runtime.consensus import group_keys
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.view import Timings


def put(lab, ordinal, key, value):
    """As a client does: 503 asks to try again, as members learn of a new leader one after another."""
    request = urllib.request.Request(f"{lab.agent(ordinal)}/v1/keys/{key}", data=value, method="PUT")
    end = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(request, timeout=10).read()
        except urllib.error.HTTPError as answer:
            assert answer.code == 503
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return


def get(lab, ordinal, key):
    return urllib.request.urlopen(f"{lab.agent(ordinal)}/v1/keys/{key}", timeout=10).read()


def test_agents_found_one_group_and_keep_it_through_kills_and_lost_disks(lab):
    lab.start(2, 1, 0)
    status = lab.voters(0, 0, 1, 2)
    assert status["leader"] == "lab-0"
    put(lab, 1, "a", b"1")

    lab.end(0, signal.SIGKILL)
    lab.wait(1, lambda status: status.get("leader") in ("lab-1", "lab-2"))
    put(lab, 2, "a", b"2")
    lab.start(0)
    lab.voters(0, 0, 1, 2)
    assert get(lab, 0, "a") == b"2"

    member = lab.status(0)["member_id"]
    lab.end(0, signal.SIGKILL)
    shutil.rmtree(lab.root / "0")
    lab.start(0)
    lab.wait(
        0, lambda status: status.get("role") == "learner" or status.get("member_id") not in (None, member)
    )
    status = lab.voters(0, 0, 1, 2)
    assert status["member_id"] != member
    assert get(lab, 0, "a") == b"2"

    leader = int(status["leader"].removeprefix("lab-"))
    lab.wait(
        leader, lambda status: all(each["reachable"] for each in status.get("members", [{"reachable": 0}]))
    )
    lab.end(leader, signal.SIGTERM)
    assert lab.agents[leader].returncode == 0
    assert not (lab.root / str(leader) / "etcd.pid").exists()
    events = [json.loads(line)["event"] for line in (lab.root / f"log{leader}").read_text().splitlines()]
    assert "handed-over" in events


def test_an_empty_disk_waits_and_says_why_when_the_group_was_founded_with_another_one(lab):
    lab.start(0)
    lab.voters(0, 0)
    lab.end(0, signal.SIGKILL)
    shutil.rmtree(lab.root / "0")
    lab.start(0, 1)
    for ordinal in (0, 1):
        status = lab.wait(ordinal, lambda status: status.get("phase") == "waiting")
        assert "an empty disk never founds a second group" in status["waiting_for"][0]


def test_a_group_goes_down_to_its_wish_and_who_is_left_over_says_so(lab):
    lab.start(0, 1, 2)
    lab.voters(0, 0, 1, 2)
    wish = urllib.request.Request(f"{lab.agent(1)}/v1/members", data=b'{"voters": 1}', method="POST")
    urllib.request.urlopen(wish, timeout=10).read()
    lab.voters(0, 0)
    for ordinal in (1, 2):
        status = lab.wait(ordinal, lambda status: status.get("phase") == "retired")
        assert "raise that number" in status["waiting_for"][0]
    assert lab.run("snapshot", "--agent", lab.agent(1)).returncode == 0


def test_a_lost_quorum_is_recovered_by_a_plan_and_the_old_members_come_back_empty(lab):
    lab.start(0, 1, 2)
    lab.voters(0, 0, 1, 2)
    lab.voters(2, 0, 1, 2)
    for number in range(20):
        put(lab, 0, f"k{number}", b"v")
    assert lab.run("recover", *lab.words(2)).returncode == 4
    lab.end(0, signal.SIGKILL)
    lab.end(1, signal.SIGKILL)
    lab.wait(2, lambda status: status.get("leader") is None and status.get("quorum") is not None)

    plan = lab.root / "plan.json"
    told = lab.run("recover", *lab.words(2), "--save", str(plan))
    assert told.returncode == 0, told.stderr
    assert "source: data-dir of lab-2" in told.stdout
    assert "nothing was changed" in told.stdout
    assert json.loads((lab.root / "grant").read_text())["epoch"] == 1
    done = lab.run("recover", *lab.words(2), "--execute", str(plan))
    assert done.returncode == 0, done.stderr
    lab.voters(2, 2)
    assert json.loads((lab.root / "grant").read_text())["epoch"] == 2
    assert get(lab, 2, "k19") == b"v"

    lab.start(0, 1)
    lab.voters(0, 0, 1, 2)
    assert lab.status(0)["epoch"] == 2
    assert (lab.root / "0" / "set-aside").is_dir()
    assert get(lab, 0, "k19") == b"v"


def test_the_only_voter_takes_up_new_timings(lab):
    lab.start(0)
    lab.voters(0, 0)
    heartbeat = lab.status(0)["timings_running"]["heartbeat_ms"]

    async def agree():
        async with Gateway(f"http://{lab.net}.1:2379") as gateway:
            slow = Timings(heartbeat_ms=heartbeat + 20, election_ms=10 * heartbeat + 200)
            await gateway.put(group_keys.TIMINGS, group_keys.timings_value(slow, 1))

    asyncio.run(agree())
    lab.wait(0, lambda status: (status.get("timings_running") or {}).get("heartbeat_ms") == heartbeat + 20)
    lab.voters(0, 0)
