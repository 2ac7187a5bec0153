"""The words of the command line. What they do with a running group is in consensus/agent_test.py."""

import json

import pytest

from charts_py.contract import commands
from charts_py.contract.commands import RUNTIME, SNAPSHOT_COMMAND, arguments
from dwcp_runtime.cli import consensus_exit_codes, runtime, runtime_exit_codes

HERE = ["--insecure", "--name", "lab-0", "--peers", "lab-{i}=127.0.0.{i+1}"]


@pytest.fixture(autouse=True)
def no_pod(monkeypatch):
    for name in (commands.POD_NAME_VARIABLE, commands.POD_NAMESPACE_VARIABLE, "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Give --name or set POD_NAME"),
        (["--name", "lab-0"], "Give --peers PATTERN"),
        (["--name", "lab", "--peers", "lab-{i}=127.0.0.{i+1}"], "has no ordinal"),
        (["--name", "lab-0", "--peers", "lab-{i}=127.0.0.1"], "to lab-0 and to lab-1"),
        (["--insecure", "--name", "lab-0", "--peers", "lab-{i}=10.0.0.{i+1}"], "--force-insecure"),
        ([*HERE, "--tools", "nowhere"], "no etcd in nowhere"),
        (
            ["--name", "lab-0", "--peers", "lab-{i}=127.0.0.{i+1}", "--tls", "nowhere"],
            "tls.crt cannot be used",
        ),
        (["--peer=x"], "unrecognized arguments"),
        (["snapsho"], "invalid choice"),
        (["recover", *HERE, "--execute", "none.json"], "none.json cannot be read"),
        (["status", "--agent", "127.0.0.1:1"], "allowed: http://HOST:PORT"),
    ],
)
def test_bad_input_is_told_in_words_and_ends_with_its_code(words, said, capsys):
    assert runtime.run(["consensus", *words]) == runtime_exit_codes.BAD_INPUT
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_the_containers_arguments_are_understood(monkeypatch, capsys):
    monkeypatch.setenv(commands.POD_NAME_VARIABLE, "novacron-consensus-0")
    monkeypatch.setenv(commands.POD_NAMESPACE_VARIABLE, "novacron")
    assert runtime.run(arguments("consensus")) == runtime_exit_codes.BAD_INPUT
    assert f"{commands.TLS_MOUNT}/tls.crt cannot be used" in capsys.readouterr().err


def test_the_command_of_backups_is_understood_and_fails_where_no_agent_answers(capsys):
    assert SNAPSHOT_COMMAND[0] == RUNTIME
    code = runtime.run([*SNAPSHOT_COMMAND[1:], "--agent", "http://127.0.0.1:1"])
    assert code == consensus_exit_codes.UNREACHABLE
    assert "no agent answers at http://127.0.0.1:1: connection refused; start it" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [[], ["snapshot"], ["status"], ["recover"]])
def test_each_help_shows_an_example(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        runtime.run(["consensus", *verb, "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "example" in text
    assert not verb or "exit codes: 0 done" in text


def plan(tmp_path, **source):
    path = tmp_path / "plan.json"
    fields = {"kind": "data-dir", "name": "lab-0", "path": "/x", "intact": True, "epoch": 1, "revision": 1}
    fields |= source
    whole = {"source": fields, "epoch": 2, "may_lose": "", "fenced": [], "steps": []}
    path.write_text(json.dumps(whole))
    return str(path)


def test_a_plan_is_taken_only_where_its_source_is(tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    words = ["consensus", "recover", *HERE, "--data", str(data), "--execute"]
    assert runtime.run([*words, plan(tmp_path, name="lab-1")]) == consensus_exit_codes.REFUSED
    assert "on lab-1: run it there" in capsys.readouterr().err
    missing = plan(tmp_path, kind="snapshot", path=str(tmp_path / "none.db"))
    assert runtime.run([*words, missing]) == consensus_exit_codes.REFUSED
    assert list(data.iterdir()) == []
    assert runtime.run([*words, plan(tmp_path)]) == consensus_exit_codes.OK
    assert [each.name for each in data.iterdir()] == ["recover.json"]


def test_a_file_that_is_no_plan_is_refused(tmp_path, capsys):
    (tmp_path / "plan.json").write_text("{}")
    code = runtime.run(
        ["consensus", "recover", *HERE, "--data", str(tmp_path), "--execute", str(tmp_path / "plan.json")]
    )
    assert code == consensus_exit_codes.BAD_INPUT
    assert "is no recovery plan" in capsys.readouterr().err
