import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus.key_call import FRONT
from dwcp_runtime.consensus.whole_requests import MOST_HEADERS, MOST_TARGET, WholeRequest, WholeRequests

TARGETS = st.text("abcXYZ019-._~/%?=&", max_size=60).map(lambda rest: FRONT + rest)
VALUES = st.none() | st.text('abc019"*', min_size=1, max_size=20)


def line(request: WholeRequest, *more: str) -> bytes:
    headers = {
        "Host": "x:1",
        "oRiGin": request.origin,
        "If-Match": request.if_match,
        "If-None-Match": request.if_none_match,
        "Content-Length": str(len(request.body)) if request.body else None,
    }
    told = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    lines = [f"{request.method} {request.target} HTTP/1.1", *told, *more, "", ""]
    return "\r\n".join(lines).encode() + request.body


REQUESTS = st.builds(
    WholeRequest,
    method=st.sampled_from(["GET", "PUT", "DELETE"]),
    target=TARGETS,
    origin=VALUES,
    if_match=VALUES,
    if_none_match=VALUES,
    body=st.binary(max_size=300),
)
PLAIN = WholeRequest(
    method="PUT", target=FRONT + "a", origin=None, if_match=None, if_none_match=None, body=b"v"
)


@given(st.lists(REQUESTS, min_size=1, max_size=4))
def test_requests_one_after_the_other_are_read_as_they_were_made(requests):
    reader = WholeRequests()
    assert [reader.read(line(request)) for request in requests] == requests


@given(REQUESTS, st.data())
def test_what_is_not_exactly_one_request_is_left_alone(request, data):
    whole = line(request)
    assert WholeRequests().read(whole[: data.draw(st.integers(0, len(whole) - 1))]) is None
    assert WholeRequests().read(whole + whole) is None
    assert WholeRequests().read(whole + whole[: data.draw(st.integers(1, len(whole) - 1))]) is None


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_the_reader_fail(data, fronted):
    WholeRequests().read(f"PUT {FRONT}".encode() + data if fronted else data)


@pytest.mark.parametrize(
    "header",
    [
        "Expect: 100-continue",
        "Transfer-Encoding: chunked",
        "Content-Encoding: gzip",
        "Connection: close",
        "Connection: Upgrade\r\nUpgrade: h2c",
        "Content-Length: 2",
        'If-Match: "1"\r\nif-match: "2"',
        "Origin: a\r\nOrigin: b",
        "no colon",
        "\r\n".join(f"X-{n}: y" for n in range(MOST_HEADERS)),
    ],
)
def test_what_needs_all_of_http_is_left_alone(header):
    assert WholeRequests().read(line(PLAIN)) == PLAIN
    assert WholeRequests().read(line(PLAIN, header)) is None


@pytest.mark.parametrize(
    "first",
    [
        f"HEAD {FRONT}a HTTP/1.1",
        f"POST {FRONT}a HTTP/1.1",
        f"GET {FRONT}a HTTP/1.0",
        f"GET {FRONT}{'a' * MOST_TARGET} HTTP/1.1",
        f"GET {FRONT}\N{LATIN SMALL LETTER E WITH ACUTE} HTTP/1.1",
        "GET /v1/keys?prefix=a HTTP/1.1",
        "GET /status HTTP/1.1",
        f"GET http://x{FRONT}a HTTP/1.1",
    ],
)
def test_what_is_no_plain_request_for_one_key_is_left_alone(first):
    data = f"{first}\r\nHost: x\r\nConnection: keep-alive\r\n\r\n".encode()
    assert WholeRequests().read(data) is None
