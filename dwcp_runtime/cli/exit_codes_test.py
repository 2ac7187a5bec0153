import pytest

from dwcp_runtime.cli import exit_codes
from dwcp_runtime.transport.errors import ErrorCode


@pytest.mark.parametrize("code", ErrorCode)
@pytest.mark.parametrize("from_peer", [True, False])
def test_every_error_has_an_exit_code_that_the_help_explains(code, from_peer):
    assert f"\n  {exit_codes.of(code, from_peer=from_peer)} " in exit_codes.TABLE


def test_no_error_looks_like_success():
    assert exit_codes.OK not in {exit_codes.of(code, from_peer=True) for code in ErrorCode}


def test_what_to_do_next_differs_by_whose_disk_failed():
    assert exit_codes.of(ErrorCode.IO, from_peer=True) == exit_codes.NO_SPACE
    assert exit_codes.of(ErrorCode.IO, from_peer=False) == exit_codes.BAD_INPUT
