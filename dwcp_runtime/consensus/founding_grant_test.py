import asyncio
import json

import pytest

from dwcp_runtime.consensus.bootstrap import GrantState
from dwcp_runtime.consensus.founding_grant import FileGrant, GrantError, NoGrant


@pytest.fixture
def path(tmp_path):
    return tmp_path / "grants" / "grant"


def test_the_grant_goes_to_whoever_is_first_and_to_nobody_else(path, run):
    async def work():
        grant = FileGrant(path)
        assert (await grant.read()).state is GrantState.ABSENT
        await asyncio.gather(*(grant.take(f"disk-{number}") for number in range(8)))
        first = await grant.read()
        assert first.state is GrantState.GIVEN
        assert not first.founded
        await grant.take("late")
        assert await grant.read() == first
        assert [each.name for each in path.parent.iterdir()] == ["grant"]

    run(work())


def test_a_founded_group_is_written_down_with_its_epoch(path, run):
    async def work():
        grant = FileGrant(path)
        await grant.take("disk")
        await grant.record(holder="disk", epoch=2)
        found = await grant.read()
        assert (found.holder, found.epoch, found.founded) == ("disk", 2, True)

    run(work())


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"holder": 1, "epoch": 1, "founded": true}'])
def test_a_grant_that_cannot_be_read_is_unknown_and_not_absent(path, run, content):
    path.parent.mkdir()
    path.write_text(content)
    assert run(FileGrant(path).read()).state is GrantState.UNKNOWN


def test_a_grant_that_cannot_be_made_is_told_by_its_path(tmp_path, run):
    (tmp_path / "file").write_text("")
    with pytest.raises(GrantError, match="grant cannot be made"):
        run(FileGrant(tmp_path / "file" / "grant").take("disk"))


def test_without_a_grant_nothing_is_founded(run):
    assert run(NoGrant().read()).state is GrantState.UNUSED
    with pytest.raises(GrantError):
        run(NoGrant().take("disk"))


def test_the_file_is_plain_json(path, run):
    run(FileGrant(path).take("disk"))
    assert json.loads(path.read_text()) == {"holder": "disk", "epoch": 1, "founded": False}
