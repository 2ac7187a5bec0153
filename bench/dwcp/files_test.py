from pathlib import Path

import zstandard

from bench.dwcp.files import write_random, write_text


def test_text_has_the_size_that_was_asked_for_and_becomes_a_third(tmp_path: Path) -> None:
    write_text(tmp_path / "text", (32 << 20) + 17)
    content = (tmp_path / "text").read_bytes()

    assert len(content) == (32 << 20) + 17
    block = content[5 << 20 : 6 << 20]
    assert 0.25 < len(zstandard.compress(block, 1)) / len(block) < 0.45


def test_random_bytes_do_not_become_fewer(tmp_path: Path) -> None:
    write_random(tmp_path / "random", 1 << 20)

    assert len(zstandard.compress((tmp_path / "random").read_bytes(), 1)) >= 1 << 20
