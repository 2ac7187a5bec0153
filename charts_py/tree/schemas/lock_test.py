from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree.schemas.lock import LockError, read_lock

ENTRY = f"""\
  - project: widgets
    release: "1.10"
    url: https://example.com/{{release}}/crds/
    files: [a.yaml, sub/b.yaml]
    sha256: {"ab" * 32}
    kinds: [example.com/v1 Widget]
"""


@pytest.fixture
def lock(tmp_path):
    def read(text):
        (tmp_path / "lock.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_lock(tmp_path)

    return read


def test_an_entry_gives_its_urls_and_its_mirror_file(lock):
    (upstream,) = lock("upstreams:\n" + ENTRY)
    assert upstream.urls == (
        "https://example.com/1.10/crds/a.yaml",
        "https://example.com/1.10/crds/sub/b.yaml",
    )
    assert upstream.mirror_file == "widgets-1.10.yaml"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"1.10"', "1.10", "release"),
        ("https://", "http://", "url"),
        ("ab" * 32, "ab" * 31, "sha256"),
        ("a.yaml", "../a.yaml", r"files\[0\]"),
        ("[example.com/v1 Widget]", "[Widget]", "kinds"),
        ("[example.com/v1 Widget]", "[]", "kinds"),
        ("project: widgets", "project: Widgets/x", "project"),
        ("kinds:", "kind:", "must have exactly"),
        ("[example.com/v1 Widget]", "[example.com/v1 Widget, example.com/v1 Widget]", "listed twice"),
    ],
)
def test_a_mistake_is_an_error_that_names_the_place(lock, old, new, named):
    with pytest.raises(LockError, match=named):
        lock("upstreams:\n" + ENTRY.replace(old, new))


def test_a_project_listed_twice_is_refused(lock):
    with pytest.raises(LockError, match="project widgets is listed twice"):
        lock("upstreams:\n" + ENTRY + ENTRY)


def test_a_missing_lock_file_is_a_clear_error(tmp_path):
    with pytest.raises(LockError, match="can't be read"):
        read_lock(tmp_path)


@given(text=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: "upstreams:\n" + text))
def test_any_content_is_read_or_refused_but_never_breaks(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("lock")
    (folder / "lock.yaml").write_bytes(text if isinstance(text, bytes) else text.encode(errors="replace"))
    with pytest.raises(LockError):
        read_lock(folder)
