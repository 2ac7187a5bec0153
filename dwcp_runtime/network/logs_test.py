import io
import json
import logging

import pytest

from dwcp_runtime.network import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def keep_root():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    ours = logging.getLogger(logs.ROOT)
    ours.handlers, ours.propagate = [], True


def said(stream: io.StringIO, **fields: object) -> str:
    logs.configure(stream)
    logs.event(logs.logger("test"), "it-happened", **fields)
    return stream.getvalue()


def test_a_log_that_is_no_terminal_is_one_json_object_per_line():
    (line,) = said(io.StringIO(), peer="lab-2", size=3, list=["a\nb"]).splitlines()
    entry = json.loads(line)
    assert entry["ts"].endswith("Z")
    assert {key: entry[key] for key in ("level", "logger", "event", "peer", "size", "list")} == {
        "level": "info",
        "logger": "dwcp.test",
        "event": "it-happened",
        "peer": "lab-2",
        "size": 3,
        "list": ["a\nb"],
    }


def test_a_terminal_gets_plain_lines_that_no_name_can_forge():
    text = said(Terminal(), name="a\n12:00:00 info forged", esc="\x1b[2J", plain="x")
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert text.endswith('it-happened name="a\\n12:00:00 info forged" esc="\\u001b[2J" plain=x\n')


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "plain"])
def test_secrets_are_never_written(stream: io.StringIO):
    text = said(stream, token="hunter2", nested={"api_token": "hunter2"}, Password="hunter2", raw=b"hunter2")
    assert "hunter2" not in text
    assert text.count(logs.HIDDEN) == 3


def test_fields_cannot_replace_what_the_line_says_of_itself():
    assert json.loads(said(io.StringIO(), level_="x", event="forged"))["event"] == "it-happened"


def test_a_fault_carries_its_trace():
    stream = io.StringIO()
    logs.configure(stream)
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        logs.fault(logs.logger("test"), "fault", error)
    entry = json.loads(stream.getvalue())
    assert entry["error"] == "RuntimeError: broken"
    assert "logs_test.py" in entry["trace"]


def test_a_closed_stream_breaks_nothing():
    stream = io.StringIO()
    logs.configure(stream)
    stream.close()
    logs.event(logs.logger("test"), "it-happened")


def test_libraries_speak_in_the_same_form_and_only_of_trouble():
    stream = io.StringIO()
    logs.configure(stream)
    logging.getLogger("aiohttp").info("chatter")
    logging.getLogger("aiohttp").warning("trouble %d", 1)
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["trouble 1"]
