"""The second version of a VM's disk, where the receiver has the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dwcp import line as lines
from bench.dwcp.image import Images
from bench.dwcp.place import Place, say
from bench.dwcp.profiles import IMAGE
from bench.dwcp.tools import dwcp, rsync, stores, zstd_ssh
from bench.dwcp.tools.scp import SCP
from bench.dwcp.transfer import Runs, Tool

YARDSTICK: Final = zstd_ssh.PATCH
"""What the goal for bytes is measured by."""
OURS: Final = (dwcp.WITH_BASELINE, dwcp.WITH_INVENTORY)
_DELTAS: Final = (YARDSTICK, rsync.DELTA, stores.CASYNC, stores.BORG, stores.RESTIC)
_WHOLE: Final = (SCP, zstd_ssh.WHOLE)
TOOLS: Final = (*OURS, *_DELTAS, *_WHOLE)
_LIMIT_S: Final = 240.0


@dataclass(frozen=True, kw_only=True)
class SecondVersion:
    """One way in which the second version came about, and what each tool took to move it. `size` is the
    image's, `changed` the bytes in 4 KiB pages that aren't where they were in the first version."""

    title: str
    size: int
    changed: int
    runs: Sequence[Runs]

    def of(self, tool: Tool) -> Runs:
        """The runs of one tool."""
        return next(each for each in self.runs if each.tool == tool.name)


def measure(place: Place, images: Images, wan: str, *, runs: int) -> Iterator[SecondVersion]:
    """Both ways. Ours as often as asked, the others once; those that send all of it, only the first time:
    for them both are the same."""
    ways = (("files added on a living disk", images.lived), ("file system built anew", images.rebuilt))
    for number, (title, second) in enumerate(ways):
        say(f"second version, {title}")
        tools = (*_DELTAS, *_WHOLE) if number == 0 else _DELTAS
        done: dict[str, Runs] = {}
        with lines.opened(IMAGE, wan) as line:
            for turn in range(runs):
                for tool in (*OURS, *(tools if turn == 0 else ())):
                    outcome = place.transfer(
                        tool,
                        second,
                        line,
                        limit_s=_LIMIT_S,
                        old=images.first,
                        prepared=images.first.parent / "prepared",
                    )
                    before = done.get(tool.name, Runs(tool=tool.name)).outcomes
                    done[tool.name] = Runs(tool=tool.name, outcomes=(*before, outcome))
        yield SecondVersion(
            title=title,
            size=second.stat().st_size,
            changed=changed(images.first, second),
            runs=tuple(done.values()),
        )


def changed(old: Path, new: Path, *, page: int = 4096) -> int:
    """Bytes of pages of `new` that differ from the same page of `old`."""
    count = 0
    piece = page * 256
    with old.open("rb") as first, new.open("rb") as second:
        while after := second.read(piece):
            before = first.read(piece)
            if before != after:
                starts = range(0, len(after), page)
                count += sum(before[start : start + page] != after[start : start + page] for start in starts)
    return count * page
