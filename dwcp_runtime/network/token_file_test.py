from pathlib import Path

import pytest

from dwcp_runtime.network.token_file import TokenFileError, read_token


def test_the_token_is_the_files_only_line(tmp_path: Path):
    path = tmp_path / "token"
    path.write_text("0123456789abcdef\n")
    assert read_token(path) == "0123456789abcdef"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"hunter2short",
        b"hunter2 with some spaces in it",
        b"hunter2" + b"\xff" * 20,
        b"hunter2" * 1000,
        b"hunter2-first-line\nhunter2-second-line\n",
    ],
)
def test_what_is_no_token_is_refused_without_being_shown(tmp_path: Path, data: bytes):
    path = tmp_path / "token"
    path.write_bytes(data)
    with pytest.raises(TokenFileError, match="openssl rand") as caught:
        read_token(path)
    assert "hunter2" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(TokenFileError, match="token: cannot be read"):
        read_token(tmp_path / "token")
