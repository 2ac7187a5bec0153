import asyncio
import json
from contextlib import aclosing

from dwcp_runtime.consensus import key_text, watch
from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_text import delete_op, put_op
from dwcp_runtime.consensus.health import QUORUM
from dwcp_runtime.consensus.status_document import Condition, Truth

LOST = Condition(kind=QUORUM, status=Truth.FALSE, reason="MajorityLost", message="1 of 3 voters answer")


async def followed(gateway, prefix, revision, count, trouble=lambda: None, quiet_seconds=5.0):
    found = []
    start, end = key_text.below(prefix)
    stream = watch.lines(
        gateway, start, end, revision, trouble=trouble, ending=asyncio.Event(), quiet_seconds=quiet_seconds
    )
    async with aclosing(stream):
        async for line in stream:
            assert line.endswith(b"\n")
            found.append(json.loads(line))
            if len(found) == count:
                break
    return found


def test_all_changes_of_one_revision_come_in_one_line_and_the_next_watch_goes_on_behind_it(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            keys = [key_text.stored(name) for name in (b"a", b"b\xff")]
            first = (await gateway.txn([], [put_op(keys[0], b"1"), put_op(keys[1], b"\x00")])).revision
            second = (await gateway.txn([], [delete_op(keys[0])])).revision
            seen = await followed(gateway, b"", first, 3)
            assert seen[0] == {"revision": first - 1, "events": []}
            assert [each["key"] for each in seen[1]["events"]] == ["a", "b%FF"]
            assert seen[1]["events"][0] == {"type": "put", "key": "a", "value": "MQ==", "created": first}
            assert seen[2] == {"revision": second, "events": [{"type": "delete", "key": "a"}]}
            again = await followed(gateway, b"", seen[1]["revision"] + 1, 2)
            assert again[1] == seen[2]

    run(work())


def test_a_watch_shows_nothing_of_other_prefixes_nor_of_what_is_reserved(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            first = await gateway.put(b"/novacron/acp/voters", b"3")
            await gateway.put(key_text.stored(b"other"), b"1")
            mine = await gateway.put(key_text.stored(b"mine/1"), b"1")
            seen = await followed(gateway, b"mine/", first, 2)
            assert [each["revision"] for each in seen] == [first - 1, mine]
            everything = await followed(gateway, b"", first, 3)
            assert all("voters" not in json.dumps(each) for each in everything)

    run(work())


def test_a_revision_that_is_gone_is_answered_with_what_to_do(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            for _ in range(3):
                last = await gateway.put(key_text.stored(b"a"), b"1")
            await gateway.compact(last)
            *_, said = await followed(gateway, b"", 1, 9)
            assert said["reason"] == "compacted"
            assert str(last) in said["error"]
            assert said["allowed"].startswith("list the keys")

    run(work())


def test_a_quiet_watch_says_that_it_stands_until_its_member_is_cut_off(etcd, run):
    async def work():
        troubles = iter([None, LOST])
        async with Gateway(etcd.client_url) as gateway:
            seen = await followed(gateway, b"", 0, 9, trouble=lambda: next(troubles), quiet_seconds=0.05)
            assert seen[0] == seen[1]
            assert (seen[2]["reason"], seen[2]["resume"]) == (QUORUM, seen[0]["revision"] + 1)
            assert len(seen) == 3

    run(work())


def test_a_watch_whose_member_dies_says_where_to_go_on(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            first = await gateway.put(key_text.stored(b"a"), b"1")

            async def kill() -> None:
                await asyncio.sleep(0.3)
                etcd.process.kill()

            killing = asyncio.ensure_future(kill())
            seen = await followed(gateway, b"", first, 9)
            await killing
            assert (seen[-1]["reason"], seen[-1]["resume"]) == ("broken", first + 1)

    run(work())
