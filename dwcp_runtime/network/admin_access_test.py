from http import HTTPStatus

import pytest

from dwcp_runtime.network.admin_access import Access

TOKEN = "0123456789abcdef"


def refused(access: Access, *, remote: str = "127.0.0.1", authorization: str | None = None, origin=None):
    refusal = access.refusal(remote=remote, authorization=authorization, origin=origin)
    return refusal.status if refusal else None


@pytest.mark.parametrize("remote", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_the_machine_itself_may(remote: str):
    assert refused(Access(), remote=remote) is None


@pytest.mark.parametrize("remote", ["10.0.0.1", "127.0.0.6", "::2", "", None])
def test_without_a_token_nobody_else_may_not_even_through_a_sidecar(remote: str):
    assert refused(Access(), remote=remote) == HTTPStatus.FORBIDDEN


def test_in_host_mode_loopback_is_everybodys_and_only_a_token_counts():
    assert refused(Access(host_network=True)) == HTTPStatus.FORBIDDEN
    assert refused(Access(host_network=True, token=TOKEN), authorization=f"Bearer {TOKEN}") is None


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"]
)
def test_with_a_token_nothing_but_the_token_counts(given: str | None):
    assert refused(Access(token=TOKEN), authorization=given) == HTTPStatus.UNAUTHORIZED


def test_a_token_is_taken_from_anywhere():
    assert refused(Access(token=TOKEN), remote="10.0.0.1", authorization=f"bearer {TOKEN}") is None


def test_a_web_page_may_never():
    assert refused(Access(), origin="http://evil.example") == HTTPStatus.FORBIDDEN
    assert (
        refused(Access(token=TOKEN), origin="null", authorization=f"Bearer {TOKEN}") == HTTPStatus.FORBIDDEN
    )


def test_the_token_is_not_shown():
    assert TOKEN not in repr(Access(token=TOKEN))
