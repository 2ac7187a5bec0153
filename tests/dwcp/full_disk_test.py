"""A receiver whose disk is full."""

import os
import subprocess

import pytest

from tests.dwcp.processes import receiving, run, send, until


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 20 MiB, half of it taken by `ballast`."""
    folder = tmp_path / "there"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    (folder / "ballast").write_bytes(os.urandom(10 << 20))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_on_both_sides_and_the_same_command_goes_on_when_there_is_room(
    small_disk, image, here, there
):
    async def scenario():
        source = image(16)
        async with receiving(small_disk, tls=there) as receiver:
            failed = await send(source, receiver.port, "disk.img", "--level", "0", tls=here)
            assert (failed.code, failed.report["code"]) == (5, "no-space")
            assert "no space left for disk.img" in failed.said
            await until(lambda: receiver.ended, "the receiver's report")
            assert receiver.ended[0]["code"] == "no-space"
            assert "disk.img" not in receiver.visible()
            still = await send(source, receiver.port, "disk.img", "--level", "0", tls=here)
            assert still.code == 5
            (small_disk / "ballast").unlink()
            done = await send(source, receiver.port, "disk.img", "--level", "0", tls=here)
            assert done.code == 0
            assert done.report["resumed"] > 0
            assert (small_disk / "disk.img").read_bytes() == source.read_bytes()
            assert not any("Traceback" in line for line in receiver.said)

    run(scenario())


def test_a_disk_without_room_for_even_a_journal_holds_no_stage_back(small_disk, image, here, there):
    async def scenario():
        source = image(1)
        async with receiving(small_disk, tls=there) as receiver:
            with (small_disk / "more").open("wb", buffering=0) as more, pytest.raises(OSError):
                while more.write(os.urandom(1 << 12)):
                    pass
            failed = await send(source, receiver.port, "disk.img", tls=here)
            assert (failed.code, failed.report["code"]) == (5, "no-space")
            (small_disk / "more").unlink()
            assert (await send(source, receiver.port, "disk.img", tls=here)).code == 0

    run(scenario())
