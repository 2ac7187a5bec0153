import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from dwcp_runtime.network.reload import Reloader


class Volume:
    """A folder as Kubernetes mounts a ConfigMap: `name -> ..data/name`, `..data -> ..N`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.turn = 0
        self.path = root / "dwcp.yaml"
        self.publish("first")
        self.path.symlink_to("..data/dwcp.yaml")

    def publish(self, text: str) -> None:
        self.turn += 1
        folder = self.root / f"..{self.turn}"
        folder.mkdir()
        (folder / "dwcp.yaml").write_text(text)
        link = self.root / "..data_tmp"
        link.symlink_to(folder.name)
        link.rename(self.root / "..data")


class Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.used = [path.read_text()]
        self.failures: list[str] = []

    def reloader(self) -> Reloader:
        return Reloader(
            "config", [self.path], read=self.read, refusals=(ValueError, OSError), failed=self.failures.append
        )

    def read(self) -> Callable[[], None]:
        text = self.path.read_text()
        if text == "bad":
            raise ValueError("bad")

        def apply() -> None:
            if text == "unfit":
                raise ValueError("unfit")
            self.used.append(text)

        return apply


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path)


def look(reloader: Reloader, *, asked: bool = False) -> bool:
    return asyncio.run(reloader.look(asked=asked))


def test_a_turned_link_is_a_change_and_nothing_else_is(volume: Volume):
    reader = Reader(volume.path)
    reloader = reader.reloader()
    assert not look(reloader)
    volume.publish("second")
    assert look(reloader)
    assert not look(reloader)
    assert reader.used == ["first", "second"]


def test_a_file_that_is_replaced_or_rewritten_is_a_change(tmp_path: Path):
    path = tmp_path / "dwcp.yaml"
    path.write_text("first")
    reader = Reader(path)
    reloader = reader.reloader()
    (tmp_path / "new").write_text("other")
    (tmp_path / "new").rename(path)
    assert look(reloader)
    path.write_text("longer than before")
    assert look(reloader)
    assert reader.used == ["first", "other", "longer than before"]


@pytest.mark.parametrize("text", ["bad", "unfit"])
def test_what_cannot_be_used_keeps_what_was_and_is_counted_once(volume: Volume, text: str):
    reader = Reader(volume.path)
    reloader = reader.reloader()
    volume.publish(text)
    assert not look(reloader)
    assert not look(reloader)
    assert reader.used == ["first"]
    assert reader.failures == ["config"]
    volume.publish("good again")
    assert look(reloader)
    assert reader.used == ["first", "good again"]


def test_a_file_that_goes_and_comes_back_does_not_end_the_watch(volume: Volume):
    reader = Reader(volume.path)
    reloader = reader.reloader()
    (volume.root / "..data").unlink()
    assert not look(reloader)
    assert reader.failures == ["config"]
    volume.publish("back")
    assert look(reloader)


def test_who_asks_gets_a_reading_though_nothing_changed(volume: Volume):
    reader = Reader(volume.path)
    assert look(reader.reloader(), asked=True)
    assert reader.used == ["first", "first"]


def test_a_change_while_reading_is_seen_by_the_next_look(volume: Volume):
    reader = Reader(volume.path)
    reloader = reader.reloader()
    volume.publish("second")
    inner = reader.read
    turned = False

    def slow() -> Callable[[], None]:
        nonlocal turned
        apply = inner()
        if not turned:
            turned = True
            volume.publish("third")
        return apply

    reloader._read = slow
    assert look(reloader)
    assert look(reloader)
    assert reader.used == ["first", "second", "third"]
