import asyncio
import hashlib

import pytest

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.gateway_error import (
    CompactedError,
    NoAnswerError,
    RejectedError,
    UnreachableError,
)
from dwcp_runtime.consensus.gateway_text import delete_op, mod_is, prefix_end, put_op, range_op

KEY = b"k\x00\xff"


def test_what_a_transaction_wrote_is_read_back_with_its_revision(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            done = await gateway.txn([mod_is(KEY, 0)], [put_op(KEY, b"1"), put_op(b"l", b"")])
            assert done.succeeded
            found = await gateway.range(KEY)
            assert [(kv.key, kv.value, kv.mod_revision) for kv in found.kvs] == [(KEY, b"1", done.revision)]
            assert not (await gateway.txn([mod_is(KEY, 0)], [put_op(KEY, b"2")])).succeeded
            removed = await gateway.txn([], [delete_op(KEY), range_op(b"\0", b"\0")])
            assert removed.deleted_by(0) == 1
            assert [kv.key for kv in removed.range_of(1).kvs] == [b"l"]

    run(work())


def test_a_range_is_cut_at_its_limit_and_says_so(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            for number in range(3):
                await gateway.put(b"p/%d" % number, b"v")
            found = await gateway.range(b"p/", prefix_end(b"p/"), limit=2)
            assert (len(found.kvs), found.count, found.more) == (2, 3, True)

    run(work())


def test_a_watch_goes_on_from_a_revision_and_tells_deletions(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            first = await gateway.put(b"a", b"1")
            await gateway.txn([], [delete_op(b"a")])
            seen = []
            async for batch in gateway.watch(b"a", revision=first):
                seen += [(event.kind, event.kv.mod_revision) for event in batch.events]
                if len(seen) == 2:
                    break
            assert seen == [("PUT", first), ("DELETE", first + 1)]

    run(work())


def test_a_revision_that_is_gone_is_told_apart_from_every_other_error(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            for number in range(5):
                last = await gateway.put(b"a", b"%d" % number)
            await gateway.compact(last)
            with pytest.raises(CompactedError) as caught:
                async for _ in gateway.watch(b"a", revision=1):
                    pass
            assert caught.value.oldest == last
            with pytest.raises(CompactedError):
                await gateway.range(b"a", revision=1)
            with pytest.raises(RejectedError, match="future revision"):
                await gateway.compact(last + 100)

    run(work())


def test_a_lease_takes_its_keys_with_it(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            lease = await gateway.grant_lease(60)
            await gateway.put(b"a", b"1", lease=lease)
            assert await gateway.keep_lease(lease)
            await gateway.revoke_lease(lease)
            assert not (await gateway.range(b"a")).kvs
            assert not await gateway.keep_lease(lease)

    run(work())


def test_a_learner_is_admitted_and_removed_and_is_not_promoted_before_it_has_started(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            learner = await gateway.add_learner("http://127.0.0.1:9")
            assert learner.learner
            assert learner in await gateway.members()
            with pytest.raises(RejectedError, match="learner"):
                await gateway.promote(learner.id)
            await gateway.remove(learner.id)
            assert len(await gateway.members()) == 1

    run(work())


def test_a_snapshot_ends_with_the_hash_of_the_rest(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            await gateway.put(b"a", b"x" * 100_000)
            whole = b"".join([piece async for piece in gateway.snapshot()])
            assert len(whole) % 512 == 32
            assert hashlib.sha256(whole[:-32]).digest() == whole[-32:]

    run(work())


def test_status_and_alarms_and_defragmentation_are_answered(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            status = await gateway.status()
            assert status.leader == status.member_id != 0
            assert status.db_size >= status.db_in_use > 0
            await gateway.defragment()
            assert await gateway.alarms() == ()

    run(work())


def test_a_request_that_was_never_sent_has_a_known_outcome_and_one_without_an_answer_has_not(run):
    async def work():
        async with Gateway("http://127.0.0.1:1") as gateway:
            with pytest.raises(UnreachableError) as refused:
                await gateway.status()
            assert not refused.value.outcome_unknown

        async def silent(reader, writer):
            await reader.read()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with Gateway(f"http://127.0.0.1:{port}", timeout=0.1) as gateway:
            with pytest.raises(NoAnswerError) as unanswered:
                await gateway.put(b"a", b"1")
            assert unanswered.value.outcome_unknown
        server.close()

    run(work())


@pytest.mark.parametrize(("prefix", "end"), [(b"a", b"b"), (b"a\xff", b"b"), (b"\xff", b"\0"), (b"", b"\0")])
def test_the_end_of_a_prefix_is_the_next_key_that_does_not_begin_with_it(prefix, end):
    assert prefix_end(prefix) == end
