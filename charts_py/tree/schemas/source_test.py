from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from charts_py.tree.schemas.kind import GroupVersionKind
from charts_py.tree.schemas.lock import Upstream
from charts_py.tree.schemas.source import SourceError, definitions, fetch, joined

FILES = {"/1.0/a.yaml": b"kind: A\n", "/1.0/b.yaml": b"kind: B\n"}


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = FILES.get(self.path)
            self.send_response(200 if content else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def upstream(url="https://example.com", files=("a.yaml",), content=b"kind: A\n"):
    return Upstream(
        project="widgets",
        release="1.0",
        url=url + "/{release}",
        files=files,
        sha256=hashlib.sha256(content).hexdigest(),
        kinds=(GroupVersionKind.parse("example.com/v1 Widget"),),
    )


def test_a_single_file_is_taken_as_it_is(server):
    assert fetch(upstream(server), None) == b"kind: A\n"


def test_several_files_become_the_stream_that_a_mirror_holds(server, tmp_path):
    stream = b"---\nkind: A\n---\nkind: B\n"
    several = upstream(server, ("a.yaml", "b.yaml"), stream)
    (tmp_path / several.mirror_file).write_bytes(stream)
    assert fetch(several, None) == fetch(several, tmp_path) == joined(list(FILES.values())) == stream


def test_other_bytes_than_the_locks_are_refused_with_both_digests_and_a_way_out(tmp_path):
    wanted = upstream()
    (tmp_path / wanted.mirror_file).write_bytes(b"changed")
    with pytest.raises(SourceError) as caught:
        fetch(wanted, tmp_path)
    assert wanted.sha256 in str(caught.value)
    assert hashlib.sha256(b"changed").hexdigest() in str(caught.value)
    assert "lock.yaml" in str(caught.value)


def test_a_url_that_is_not_there_is_an_error_that_names_it(server):
    with pytest.raises(SourceError, match=r"/1\.0/none\.yaml.*404"):
        fetch(upstream(server, ("none.yaml",)), None)


def test_a_server_that_does_not_answer_is_an_error_that_offers_the_mirror():
    # Port 9 of the loopback interface: nothing listens there.
    with pytest.raises(SourceError, match="--mirror"):
        fetch(upstream("http://127.0.0.1:9"), None)


def test_a_mirror_without_the_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(SourceError, match=r"widgets-1\.0\.yaml"):
        fetch(upstream(), tmp_path)


def test_only_definitions_are_taken_and_values_are_read_as_kubernetes_does():
    content = b"---\n---\nkind: Secret\n---\nkind: CustomResourceDefinition\nenum: [=, 2001-01-01]\n"
    assert definitions(content, project="x") == [
        {"kind": "CustomResourceDefinition", "enum": ["=", "2001-01-01"]}
    ]


@pytest.mark.parametrize("content", [b"a: [", b"\x00\xff", b"a: b: c"])
def test_what_is_no_yaml_is_a_clear_error(content):
    with pytest.raises(SourceError, match="widgets: is no YAML"):
        definitions(content, project="widgets")
