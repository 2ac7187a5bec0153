import errno
import os
import stat

import pytest

from dwcp_runtime.encoding.block_digest import digest, root
from dwcp_runtime.transport import staging as staging_module
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.limits import MIN_BLOCK
from dwcp_runtime.transport.staging import MAX_BLOCKS, Staging, Wanted

NAME = "images/disk.img"


def wanted(*, size=3 * MIN_BLOCK, transfer=b"t" * 16, name=NAME, mode=0o640):
    return Wanted(transfer=transfer, name=name, size=size, block_size=MIN_BLOCK, mode=mode)


def block(number):
    return bytes([number + 1]) * MIN_BLOCK


def store(stage, *numbers):
    for number in numbers:
        stage.store(number, memoryview(block(number)), digest(block(number)))


def whole(stage):
    digests = b"".join(digest(block(number)) for number in range(stage.wanted.blocks))
    return root(stage.wanted.size, MIN_BLOCK, digests)


def published(folder):
    return folder / NAME


def test_a_file_is_visible_only_after_its_root_was_verified(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 1, 2)
    with pytest.raises(DwcpError) as failure:
        stage.publish(bytes(32))
    assert failure.value.code is ErrorCode.ROOT_MISMATCH
    assert not published(tmp_path).exists()
    assert stage.publish(whole(stage)) == published(tmp_path)
    assert published(tmp_path).read_bytes() == block(0) + block(1) + block(2)
    stage.close()


def test_a_file_with_a_block_that_never_came_is_not_published_whatever_its_root(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 2)
    digests = bytes(stage.digests)
    with pytest.raises(DwcpError) as failure:
        stage.publish(root(stage.wanted.size, MIN_BLOCK, digests))
    assert failure.value.code is ErrorCode.ROOT_MISMATCH
    stage.close()


def test_what_was_synced_is_there_after_a_restart_and_nothing_else(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0)
    assert stage.sync() == [(0, 1)]
    store(stage, 2)
    stage.close()
    again = Staging.open(tmp_path, wanted())
    assert again.durable() == [(0, digest(block(0)))]
    assert again.missing == 2
    again.close()


def test_a_block_that_changed_on_disk_is_not_claimed(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 1)
    stage.sync()
    stage.close()
    (part,) = (tmp_path / ".dwcp" / "incoming").glob("*.part")
    with part.open("r+b") as file:
        file.write(b"?")
    again = Staging.open(tmp_path, wanted())
    assert [index for index, _ in again.durable()] == [1]
    again.close()


def test_a_stage_of_another_transfer_is_not_mixed_with_this_one(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 1)
    stage.sync()
    stage.close()
    other = Staging.open(tmp_path, wanted(transfer=b"o" * 16))
    assert other.durable() == []
    other.close()


def test_a_stage_is_held_by_one_receiver_until_it_is_closed(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    with pytest.raises(DwcpError) as failure:
        Staging.open(tmp_path, wanted(transfer=b"o" * 16))
    assert failure.value.code is ErrorCode.BUSY
    assert failure.value.retryable
    stage.close()
    Staging.open(tmp_path, wanted()).close()


def test_an_opening_that_failed_holds_nothing(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", full)
        with pytest.raises(DwcpError) as failure:
            Staging.open(tmp_path, wanted())
        assert failure.value.code is ErrorCode.NO_SPACE
    Staging.open(tmp_path, wanted()).close()


def test_an_opening_that_is_given_up_holds_nothing(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0)
    stage.sync()
    stage.close()

    def enough(done):
        raise DwcpError(ErrorCode.CLOSED, "enough")

    with pytest.raises(DwcpError):
        Staging.open(tmp_path, wanted(), heard=enough)
    again = Staging.open(tmp_path, wanted())
    assert len(again.durable()) == 1
    again.close()


def test_a_failed_sync_is_the_last(tmp_path, monkeypatch):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0)
    with monkeypatch.context() as patch:

        def broken(file):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(DwcpError) as failure:
            stage.sync()
        assert failure.value.code is ErrorCode.IO
    store(stage, 1)
    with pytest.raises(DwcpError):
        stage.sync()
    stage.close()
    again = Staging.open(tmp_path, wanted())
    assert again.durable() == []
    again.close()


def test_permission_bits_arrive_and_no_others(tmp_path):
    stage = Staging.open(tmp_path, wanted(mode=0o440))
    store(stage, 0, 1, 2)
    stage.publish(whole(stage))
    stage.close()
    assert stat.S_IMODE(published(tmp_path).stat().st_mode) == 0o440


def test_a_name_whose_folder_is_a_link_is_refused_and_nothing_is_written_behind_it(tmp_path):
    served, elsewhere = tmp_path / "served", tmp_path / "elsewhere"
    served.mkdir()
    elsewhere.mkdir()
    (served / "images").symlink_to(elsewhere)
    stage = Staging.open(served, wanted())
    store(stage, 0, 1, 2)
    with pytest.raises(DwcpError) as failure:
        stage.publish(whole(stage))
    assert failure.value.code is ErrorCode.BAD_NAME
    assert list(elsewhere.iterdir()) == []
    stage.close()


def test_a_link_under_the_files_own_name_is_replaced_and_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    published(tmp_path).parent.mkdir()
    published(tmp_path).symlink_to(outside)
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 1, 2)
    stage.publish(whole(stage))
    stage.close()
    assert outside.read_bytes() == b"mine"
    assert not published(tmp_path).is_symlink()


def test_a_transfer_that_was_published_is_known_to_be_done_while_its_file_is_untouched(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 1, 2)
    stage.publish(whole(stage))
    stage.close()
    again = Staging.open(tmp_path, wanted())
    assert again.published
    assert again.publish(whole(again)) == published(tmp_path)
    again.close()
    with published(tmp_path).open("r+b") as file:
        file.write(b"?")
    changed = Staging.open(tmp_path, wanted())
    assert not changed.published
    assert changed.durable() == []
    changed.close()


def test_a_process_that_ended_right_after_the_rename_has_nothing_to_receive_again(tmp_path, monkeypatch):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 1, 2)
    stage.sync()

    class Killed(BaseException):
        pass

    rename = os.rename

    def and_die(*arguments, **options):
        rename(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", and_die)
        with pytest.raises(Killed):
            stage.publish(whole(stage))
    stage.close()
    again = Staging.open(tmp_path, wanted())
    assert again.published
    again.close()


def test_zeros_take_no_space_and_overwrite_what_an_earlier_run_left(tmp_path):
    stage = Staging.open(tmp_path, wanted())
    store(stage, 0, 1)
    stage.sync()
    stage.close()
    again = Staging.open(tmp_path, wanted())
    again.store_zeros(0, 3)
    zeros = b"".join(digest(bytes(MIN_BLOCK)) for _ in range(3))
    again.publish(root(again.wanted.size, MIN_BLOCK, zeros))
    again.close()
    assert published(tmp_path).read_bytes() == bytes(3 * MIN_BLOCK)


def test_a_file_of_more_blocks_than_the_book_may_have_is_refused_before_memory_is_taken(tmp_path):
    with pytest.raises(DwcpError) as failure:
        Staging.open(tmp_path, wanted(size=MAX_BLOCKS * MIN_BLOCK + 1))
    assert failure.value.code is ErrorCode.LIMIT
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_the_disk_cannot_take_is_no_space_and_the_block_is_not_stored(tmp_path, monkeypatch):
    stage = Staging.open(tmp_path, wanted())

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(staging_module.os, "pwrite", full)
        with pytest.raises(DwcpError) as failure:
            store(stage, 0)
        assert failure.value.code is ErrorCode.NO_SPACE
    assert stage.missing == 3
    stage.close()
