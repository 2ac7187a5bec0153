import os
import random

import pytest

from dwcp_runtime.encoding import page_index
from dwcp_runtime.encoding.baseline import Baseline, BaselineFile
from dwcp_runtime.encoding.block_digest import digest, root
from dwcp_runtime.encoding.encoder import BlockEncoder
from dwcp_runtime.encoding.pages import PAGE, fingerprints

CONTENT = random.Random(11).randbytes((2 << 20) + 5 * PAGE + 77)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "base"
    file.write_bytes(CONTENT)
    return file


def test_a_baseline_is_named_by_its_root_in_blocks_of_a_mebibyte(path):
    digests = b"".join(digest(CONTENT[at : at + (1 << 20)]) for at in range(0, len(CONTENT), 1 << 20))
    with Baseline(path) as baseline:
        assert baseline.digest == root(len(CONTENT), 1 << 20, digests)
        assert baseline.find(fingerprints(memoryview(CONTENT))).tolist() == list(range(len(CONTENT) // PAGE))


def test_nothing_is_read_beyond_either_end(path):
    with BaselineFile(path) as baseline:
        into = memoryview(bytearray(PAGE))
        assert baseline.read_into(len(CONTENT) - PAGE, into)
        assert into == CONTENT[-PAGE:]
        assert not baseline.read_into(len(CONTENT) - PAGE + 1, into)
        assert not baseline.read_into(-1, into)
        os.truncate(path, 10)
        assert not baseline.read_into(PAGE, into)


def test_an_index_is_kept_for_the_version_that_it_was_made_of(path, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    with Baseline(path, cache=cache) as first:
        name = first.digest
    builds = []
    build = page_index.build
    monkeypatch.setattr(page_index, "build", lambda *file, **most: builds.append(1) or build(*file, **most))
    with Baseline(path, cache=cache) as second:
        assert second.digest == name
    assert not builds
    path.write_bytes(CONTENT[:-1])
    with Baseline(path, cache=cache) as third:
        assert third.digest != name
    assert builds == [1]


@pytest.mark.parametrize("change", ["cut", "written"])
def test_a_file_changed_while_it_is_indexed_is_no_baseline(path, monkeypatch, change):
    read_into = page_index.read_into

    def meddle(descriptor, offset, into):
        if change == "cut":
            os.truncate(path, 10)
        else:
            os.utime(path, ns=(1, 1))
        return read_into(descriptor, offset, into)

    monkeypatch.setattr(page_index, "read_into", meddle)
    with pytest.raises(page_index.SourceChangedError):
        Baseline(path)


def test_a_cache_that_is_damaged_or_cannot_be_written_costs_only_time(path, tmp_path):
    cache = tmp_path / "cache"
    with Baseline(path, cache=cache) as first:
        name = first.digest
    for kept in cache.iterdir():
        kept.write_bytes(b"nonsense")
    with Baseline(path, cache=cache) as second:
        assert second.digest == name
    with Baseline(path, cache=path / "no" / "folder") as third:
        assert third.digest == name


def test_a_baseline_changed_since_it_was_indexed_is_never_referred_to_unseen(path):
    block = CONTENT[: 16 * PAGE]
    with Baseline(path) as baseline:
        with path.open("r+b") as file:
            file.write(bytes(len(CONTENT)))
        encoded = BlockEncoder().encode(memoryview(block), offset=0, level=0, baseline=baseline)
        assert encoded.body_length == len(block)


def test_a_folder_is_no_baseline(tmp_path):
    with pytest.raises(OSError, match="not a regular file"):
        BaselineFile(tmp_path)
