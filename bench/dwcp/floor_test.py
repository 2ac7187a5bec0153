from __future__ import annotations

from pathlib import Path

from bench.dwcp import floor
from bench.dwcp.floor import Floor


def test_every_byte_is_hashed_at_both_ends_and_all_cores_share_the_work() -> None:
    found = Floor(read=0.25, digest=0.25, socket=0.5, write=0.75, seal_and_open=2.0, cores=2)
    assert found.plain == 2.0
    assert found.tls == 4.0
    assert found.bound(found.plain) == 1.0


def test_every_step_costs_something_and_nothing_is_left_behind(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(4 * floor.BLOCK))
    found = floor.measure(source, tmp_path / "target", size=4 * floor.BLOCK)
    assert min(found.read, found.digest, found.socket, found.write, found.seal_and_open) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
