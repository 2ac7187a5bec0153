import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from charts_py.contract.commands import CONFIG_VARIABLE, RUNTIME, arguments
from charts_py.contract.lifetimes import AGENT_DRAIN_SECONDS
from dwcp_runtime.cli import runtime, runtime_exit_codes
from dwcp_runtime.cli.runtime import BUILT, ROLES

ROOT = Path(__file__).parents[2]
SOUND = "environment: lab\nregion: lab-1\n"


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)


@pytest.mark.parametrize("role", [role for role in ROLES if role not in BUILT])
def test_a_role_that_is_not_built_says_so_in_one_line(role: str, capsys: pytest.CaptureFixture[str]):
    assert runtime.run([role, "snapshot", "--all"]) == runtime_exit_codes.BAD_INPUT
    assert (
        capsys.readouterr().err == f"dwcp-runtime: this build has no {role} yet; it has: {', '.join(BUILT)}\n"
    )


def test_the_daemon_sets_arguments_are_understood(capsys: pytest.CaptureFixture[str]):
    assert runtime.run(arguments("network")) == runtime_exit_codes.BAD_INPUT
    assert "--config FILE or set NOVACRON_CONFIG" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "ROLE"),
        (["netwrk"], "invalid choice"),
        (["network", "--conf", "x"], "unrecognized arguments"),
        (["network", "--grace", "-1"], "allowed: 0 to 86400"),
        (["network", "--grace", "nan"], "allowed: 0 to 86400"),
        (["network", "--config", "none.yaml"], "none.yaml: cannot be read"),
        (["network", "--listen", "8888"], "allowed: HOST:PORT"),
        (["network", "--insecure", "--listen", "*:1"], "--force-insecure"),
        (["network", "--config", "{sound}", "--tls", "nowhere"], "tls.crt cannot be used"),
        (["network", "--config", "{sound}", "--insecure", "--token-file", "none"], "none: cannot be read"),
    ],
)
def test_bad_input_is_told_and_ends_with_its_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
):
    (tmp_path / "sound.yaml").write_text(SOUND)
    words = [word.format(sound=tmp_path / "sound.yaml") for word in words]
    assert runtime.run(words) == runtime_exit_codes.BAD_INPUT
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_help_shows_an_example_and_the_contracts_times(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        runtime.run(["network", "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"example: {RUNTIME} network" in text
    assert f"default: {AGENT_DRAIN_SECONDS:.1f}" in text


class Process:
    """A real agent on free ports. `log` reads its next entry of a kind."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def log(self, event: str) -> dict[str, Any]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            entry: dict[str, Any] = json.loads(line)
            if entry["event"] == event:
                return entry
        raise AssertionError(f"ended without {event}")


@contextmanager
def started(tmp_path: Path, *words: str, config: bool = True) -> Iterator[Process]:
    path = tmp_path / "dwcp.yaml"
    path.write_text(SOUND)
    command = [sys.executable, "-m", "dwcp_runtime.cli.runtime", "network", "--insecure"]
    command += ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", str(tmp_path), *words]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, CONFIG_VARIABLE: str(path), "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Process(process)
    finally:
        process.kill()
        process.communicate()


def test_a_process_serves_reloads_at_a_hangup_and_ends_at_sigterm(tmp_path: Path):
    with started(tmp_path) as agent:
        port = agent.log("serving")["admin_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=20) as answer:
            assert answer.status == 200
        agent.process.send_signal(signal.SIGHUP)
        assert agent.log("reloaded")["what"] == "config"
        agent.process.send_signal(signal.SIGTERM)
        assert agent.log("ended")["outcome"] == "drained"
        assert agent.process.wait(20) == runtime_exit_codes.OK


def test_a_port_in_use_ends_with_its_own_code(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with started(tmp_path, "--admin", f"127.0.0.1:{port}") as agent:
            _, error = agent.process.communicate(timeout=30)
    assert agent.process.returncode == runtime_exit_codes.NO_PORT
    (line,) = error.splitlines()
    assert port in line
