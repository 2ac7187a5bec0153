"""The command in odd circumstances: it never ends in a traceback, and its exit code tells the truth."""

import json
import os
import signal
import subprocess
import sys

import pytest

from charts_py.commands import exit_codes
from tests.repository import ROOT, Repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return Repository.copy(tmp_path_factory.mktemp("repository"))


def shell(repository, line, **environment):
    """Run a line of sh in which $novacron is the command."""
    return subprocess.run(
        ["sh", "-c", line],
        cwd=repository.root,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "novacron": f"{sys.executable} -m charts_py.cli",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", ["rules", "rules --json", "doctor", "explain example", "synth --check"])
def test_an_answer_that_cannot_be_written_is_told_and_has_its_own_exit_code(repository, words):
    done = shell(repository, f"$novacron {words} > /dev/full")

    assert done.returncode == exit_codes.ANSWER_LOST
    assert done.stderr.endswith("novacron: the answer could not be written: No space left on device\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&-", ">&-", "<&- >&- 2>&-"])
def test_a_closed_or_full_stream_keeps_nothing_from_being_done(repository, redirection):
    assert shell(repository, f"$novacron synth --no-cache {redirection}").returncode == 0


def test_a_reader_who_leaves_does_not_stop_the_work(repository, tmp_path):
    fresh = Repository.copy(tmp_path, published=False)
    done = shell(fresh, "{ $novacron synth 2>&1; echo $? > code; } | head -1")

    assert done.stdout == "build and check (6)\n"
    assert (fresh.root / "code").read_text() == "0\n"
    assert fresh.published() == repository.published()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("synth", "--json", "--bogus"), exit_codes.BAD_INPUT),
        (("synth", "--json", "--root", "/nowhere"), exit_codes.BAD_INPUT),
        (("explain", "--json", "production.regions.nowhere"), exit_codes.BAD_INPUT),
        (("explain", "--json", "--root", "/nowhere", "production"), exit_codes.BAD_INPUT),
        (("explain", "--json"), exit_codes.BAD_INPUT),
        (("explain", "--json", "production"), exit_codes.OK),
        (("rules", "--json"), exit_codes.OK),
        (("synth", "--json", "--check"), exit_codes.OK),
    ],
)
def test_every_outcome_is_json_where_json_is_asked_for(repository, words, code):
    done = repository.novacron(*words)

    assert done.returncode == code
    assert json.loads(done.stdout)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "environment",
    [
        {"JSII_NODE": "/bin/false"},
        {"JSII_NODE": "/bin/true"},
        {"JSII_NODE": __file__},
        {"JSII_NODE": "no-such-node"},
        {"NODE_OPTIONS": "--no-such-option"},
        {"NODE_OPTIONS": "--require /nowhere.js"},
        {"TMPDIR": "/nowhere"},
    ],
    ids=str,
)
def test_a_node_that_does_not_run_is_told_in_one_line(repository, environment):
    done = repository.novacron("synth", "--no-cache", "--json", **environment)

    assert (done.returncode, done.stderr) == (exit_codes.MISSING_TOOL, "")
    assert any(word in json.loads(done.stdout)["error"] for word in (*environment.values(), *environment))


def test_doctor_judges_a_program_that_is_no_node(repository):
    done = repository.novacron("doctor", "--json", JSII_NODE="/bin/echo")

    assert done.returncode == exit_codes.MISSING_TOOL
    (node,) = [check for check in json.loads(done.stdout) if check["name"] == "node"]
    assert "unset JSII_NODE" in node["advice"]


def test_what_the_file_system_refuses_is_one_line(tmp_path):
    repository = Repository.copy(tmp_path, published=False)
    (tmp_path / ".novacron/cache").write_text("in the way")
    done = repository.novacron("synth")

    assert done.returncode == exit_codes.BAD_INPUT
    assert "Traceback" not in done.stderr
    assert ".novacron/cache" in done.stderr


def test_a_fault_of_our_own_has_an_exit_code_that_no_check_has(repository):
    program = (
        "from charts_py import cli\n"
        "from charts_py.commands import rules\n"
        "rules.RULE_DOCS = {1j: 2}\n"
        "raise SystemExit(cli.main(['rules', '--json']))"
    )
    done = shell(repository, '"$python" -c "$program"', python=sys.executable, program=program)

    assert done.returncode == exit_codes.FAULT
    assert "TypeError" in json.loads(done.stdout)["error"]
    assert "Traceback" in done.stderr


def test_docstrings_are_missed_in_one_line(repository):
    done = repository.novacron("synth", PYTHONOPTIMIZE="2")

    assert done.returncode == exit_codes.BAD_INPUT
    assert "run without -OO" in done.stderr


def test_a_terminated_run_tidies_up(repository, tmp_path):
    run = subprocess.Popen(
        repository.command("synth", "--no-cache"),
        cwd=repository.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    run.stderr.readline()
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate()

    assert run.returncode == exit_codes.TERMINATED
    assert "run the command again" in err
    assert list(tmp_path.iterdir()) == []
