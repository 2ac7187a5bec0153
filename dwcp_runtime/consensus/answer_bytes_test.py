import httptools
import pytest
from aiohttp import web

from dwcp_runtime.consensus import answer_bytes, answers
from dwcp_runtime.consensus.transaction import Written


class Read:
    """What a parser makes of an answer."""

    def __init__(self, data: bytes) -> None:
        self.headers: dict[str, str] = {}
        self.body, self.ended = b"", 0
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(data)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        assert name.decode() not in self.headers
        self.headers[name.decode()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ended += 1


@pytest.mark.parametrize("body", [b"", b"\r\n\r\n\x00\xff", bytes(100_000)])
def test_an_answer_is_one_message_with_its_date_and_all_of_its_body(body):
    found = Read(answer_bytes.of(web.Response(body=body, headers={"ETag": '"7"'}), 1_900_000_000))
    assert (found.status, found.body, found.ended) == (200, body, 1)
    assert found.headers == {
        "ETag": '"7"',
        "Content-Length": str(len(body)),
        "Date": "Sun, 17 Mar 2030 17:46:40 GMT",
    }


def test_each_write_gets_the_answer_to_itself():
    for outcome in (
        Written(revision=7),
        Written(revision=8),
        Written(revision=8, deleted=True),
        Written(revision=8, deleted=False),
    ):
        found = Read(answer_bytes.written(outcome, 1_900_000_000))
        assert found.body == answers.written(outcome).body
        assert found.headers[answers.REVISION_HEADER] == str(outcome.revision)
    assert Read(answer_bytes.written(outcome, 1_900_000_001)).headers["Date"].endswith("46:41 GMT")
