import os
import random
import threading
import tracemalloc

import numpy as np
import pytest

from charts_py.contract import agent_memory
from dwcp_runtime.encoding import page_index
from dwcp_runtime.encoding.baseline import Baseline, BaselineFile
from dwcp_runtime.encoding.block_digest import digest, root
from dwcp_runtime.encoding.inventory import Inventory
from dwcp_runtime.encoding.pages import PAGE, fingerprints

NAMES = "abcdefghijklmnopqrstuvwxyz"


def page(letter):
    return bytes(PAGE) if letter == "0" else random.Random(letter).randbytes(PAGE)


def image(letters, tail=b""):
    return b"".join(map(page, letters)) + tail


def prints(letters):
    return fingerprints(memoryview(image(letters)))


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def opened(images, tmp_path):
    def open_inventory(**kwargs):
        return Inventory(images, tmp_path / "state", **kwargs)

    return open_inventory


def put(path, letters, tail=b""):
    path.write_bytes(image(letters, tail))
    return path


def read(inventory, locations, count, first=0):
    into = bytearray(count * PAGE)
    return bytes(into) if inventory.read(locations, first, memoryview(into)) else None


def test_pages_are_found_in_any_image_and_read_in_the_order_asked(images, opened):
    inventory = opened()
    inventory.add(put(images / "one", "abc0d", b"tail"))
    inventory.add(put(images / "two", "xyz"))
    answer, locations = inventory.lookup(prints("yzqdab"))
    assert answer == bytes([0b111011])
    assert read(inventory, locations, 2) == image("yz")
    assert read(inventory, locations, 3, first=3) == image("dab")
    assert read(inventory, locations, 3) is None
    assert read(inventory, locations, 7) is None


def test_pages_of_zeros_are_not_stored(images, opened):
    inventory = opened()
    inventory.add(put(images / "one", "00a0"))
    assert inventory.pages == 1
    assert inventory.lookup(prints("0"))[0] == b"\x00"


def test_the_inventory_outlasts_a_restart_without_reading_images(images, opened, monkeypatch):
    opened().add(put(images / "one", "abc"))
    monkeypatch.setattr(page_index, "build", lambda descriptor: pytest.fail("an image was read"))
    again = opened()
    answer, locations = again.lookup(prints("cb"))
    assert answer == b"\x03"
    assert read(again, locations, 2) == image("cb")
    assert again.missing() == []


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "other format"])
def test_a_damaged_index_is_removed_and_the_image_is_missing_again(images, tmp_path, opened, damage):
    one = put(images / "one", "abc")
    opened().add(one)
    (kept,) = (tmp_path / "state").iterdir()
    content = bytearray(kept.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    elif damage == "other format":
        content[0] ^= 1
    else:
        del content[-5 if damage == "cut" else 0 :]
    kept.write_bytes(content)
    again = opened()
    assert again.pages == 0
    assert not kept.exists()
    assert again.missing() == [one]
    again.add(one)
    assert again.lookup(prints("abc"))[0] == b"\x07"


def test_an_image_changed_while_nobody_looked_is_missing_again(images, opened):
    one = put(images / "one", "abc")
    opened().add(one)
    put(one, "xyz")
    os.utime(one, ns=(1, 1))
    again = opened()
    assert again.pages == 0
    assert again.find(root(3 * PAGE, 1 << 20, digest(image("abc")))) is None
    assert again.missing() == [one]


def test_a_search_goes_on_with_what_it_began_with_while_an_image_is_added(images, opened):
    inventory = opened()
    inventory.add(put(images / "one", "abc"))
    began = [inventory._hashes, inventory._owners, inventory._places]
    before = [array.copy() for array in began]
    inventory.add(put(images / "two", "0cab"))
    assert all((now == then).all() for now, then in zip(began, before, strict=True))


def test_every_cut_or_flipped_byte_of_an_index_is_noticed(images, tmp_path):
    with BaselineFile(put(images / "one", "ab")) as file:
        page_index.save(file.index(), "one", tmp_path / "kept")
    content = (tmp_path / "kept").read_bytes()
    for at in range(len(content)):
        for damaged in (content[:at], content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]):
            (tmp_path / "kept").write_bytes(damaged)
            with pytest.raises(page_index.IndexDamagedError):
                page_index.load(tmp_path / "kept")


@pytest.mark.parametrize("change", ["rewritten", "deleted", "replaced", "a link"])
def test_an_image_that_changed_gives_no_page(images, opened, change):
    inventory = opened()
    one = put(images / "one", "abc")
    inventory.add(one)
    _, before = inventory.lookup(prints("abc"))
    if change == "rewritten":
        with one.open("r+b") as file:
            file.write(page("q"))
        os.utime(one, ns=(1, 1))
    elif change == "deleted":
        one.unlink()
    elif change == "replaced":
        put(images / "new", "abc").replace(one)
    else:
        one.rename(images / ".hidden")
        one.symlink_to(images / ".hidden")
        os.utime(images / ".hidden", ns=(1, 1))
    assert read(inventory, before, 3) is None
    assert inventory.lookup(prints("abc"))[0] == b"\x00"
    assert inventory.pages == 0


def test_a_page_that_two_images_have_stays_when_one_of_them_goes(images, opened):
    inventory = opened()
    inventory.add(put(images / "one", "abc"))
    inventory.add(put(images / "two", "bcd"))
    assert inventory.pages == 4
    (images / "two").unlink()
    inventory.lookup(prints("b"))
    answer, locations = inventory.lookup(prints("abcd"))
    assert answer == b"\x07"
    assert read(inventory, locations, 3) == image("abc")


def test_the_image_used_longest_ago_makes_room_and_is_not_read_again(images, opened):
    ticks = iter(range(0, 10**15, 10**12))
    inventory = opened(max_pages=8, clock_ns=lambda: next(ticks))
    for name, letters in (("one", "abc"), ("two", "def")):
        inventory.add(put(images / name, letters))
    inventory.lookup(prints("a"))
    inventory.add(put(images / "three", "ghij"))
    assert inventory.pages == 7
    assert inventory.lookup(prints("adg"))[0] == b"\x05"
    assert inventory.missing() == []
    again = opened(max_pages=8)
    assert again.pages == 7
    assert again.lookup(prints("adg"))[0] == b"\x05"


def test_an_image_larger_than_the_bound_can_still_be_a_baseline(images, opened):
    inventory = opened(max_pages=3)
    inventory.add(put(images / "small", "ab"))
    big = put(images / "big", "cdefg")
    inventory.add(big)
    assert inventory.pages == 2
    with Baseline(big) as baseline:
        assert inventory.find(baseline.digest) == big


def test_a_baseline_is_found_by_its_root_while_it_is_unchanged(images, opened):
    inventory = opened()
    one = put(images / "one", "abc", b"tail")
    inventory.add(one)
    name = root(3 * PAGE + 4, 1 << 20, digest(one.read_bytes()))
    assert inventory.find(name) == one
    assert inventory.find(bytes(32)) is None
    one.write_bytes(b"other")
    assert inventory.find(name) is None


def test_what_was_computed_on_the_way_spares_reading_the_image(images, opened, monkeypatch):
    one = put(images / "one", "abc")
    monkeypatch.setattr(page_index, "build", lambda descriptor: pytest.fail("the image was read"))
    inventory = opened()
    name = root(3 * PAGE, 1 << 20, digest(one.read_bytes()))
    inventory.add(one, fingerprints=prints("abc"), root=name)
    assert inventory.find(name) == one
    assert inventory.lookup(prints("cq"))[0] == b"\x01"
    with pytest.raises(ValueError, match="2 fingerprints for a file of 12288 bytes"):
        inventory.add(one, fingerprints=prints("ab"), root=name)


def test_hidden_files_links_and_pipes_are_no_images(images, opened):
    put(images / ".part", "a")
    (images / ".dwcp").mkdir()
    put(images / ".dwcp" / "x.part", "a")
    (images / "deep").mkdir()
    one = put(images / "deep" / "one", "a")
    (images / "link").symlink_to(one)
    os.mkfifo(images / "pipe")
    inventory = opened()
    assert inventory.missing() == [one]
    with pytest.raises(OSError, match="not a regular file"):
        inventory.add(images / "pipe")


def test_questions_and_additions_go_on_side_by_side(images, opened):
    inventory = opened(max_pages=40)
    for name in NAMES[:8]:
        put(images / name, [f"{name}{number}" for number in range(10)])
    wrong = []
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            for name in NAMES[:8]:
                letters = [f"{name}{number}" for number in range(10)]
                answer, locations = inventory.lookup(prints(letters))
                if answer == b"\xff\x03":
                    content = read(inventory, locations, 10)
                    if content is not None and content != image(letters):
                        wrong.append(name)

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(5):
        for name in NAMES[:8]:
            inventory.add(images / name)
    stop.set()
    asking.join()
    assert wrong == []
    assert inventory.pages <= 40


def test_an_index_finds_the_first_of_equal_pages_and_nothing_else():
    version = page_index.Version(size=4 * PAGE, mtime_ns=0, inode=0)
    index = page_index.index_of(version, prints("bab0"), bytes(32))
    assert index.find(prints("ab0z")).tolist() == [1, 0, page_index.NOWHERE, page_index.NOWHERE]
    empty = page_index.index_of(version, np.empty(0, np.uint64), bytes(32))
    assert empty.find(prints("a")).tolist() == [page_index.NOWHERE]


def peak_of_adding(inventory, path, mebibytes):
    """Bytes of memory that adding an image of so many different pages takes at its worst moment."""
    noise = random.Random(mebibytes)
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(noise.randbytes(1 << 20))
    tracemalloc.start()
    try:
        inventory.add(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_adding_an_image_takes_what_is_stated_of_each_page_and_no_more_than_for_the_most_pages(
    images, opened, monkeypatch
):
    monkeypatch.setattr(page_index, "_PORTION", 1 << 10)
    short, long = (peak_of_adding(opened(), images / f"{size}", size) for size in (4, 32))
    assert long - short <= (28 << 8) * agent_memory.INDEXING_PAGE_BYTES

    # What is too large for the inventory costs the digests of its blocks, and is known by its root.
    small = opened(max_pages=4 << 8)
    assert peak_of_adding(small, images / "64", 64) - short <= 64 << 10
    assert small.pages == 4 << 8
    with BaselineFile(images / "64") as file:
        assert small.find(file.index().root) == images / "64"
