from pathlib import Path

import pytest

from bench import page_file


def test_a_page_is_replaced_and_nothing_else_is_left_beside_it(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("old")
    page_file.write(page, "new")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("page.md", "new")]


def test_a_page_that_cannot_be_written_whole_stays_as_it_was(tmp_path, monkeypatch):
    whole = Path.write_text

    def fail(self, text):
        whole(self, text[:1])
        raise OSError("full")

    page = tmp_path / "page.md"
    page.write_text("old")
    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match="full"):
        page_file.write(page, "new")
    assert page.read_text() == "old"
