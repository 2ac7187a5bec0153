import shutil
import sys
from pathlib import Path

from bench.dwcp.line import LOOPBACK
from bench.dwcp.ssh import Ssh
from bench.dwcp.transfer import Nothing, Plan, Task, Tool, Transfer, run

_SERVER = (sys.executable, "-c", "import signal; print('listening on x', flush=True); signal.pause()")


def _task(tmp_path: Path) -> Task:
    (tmp_path / "source").write_bytes(b"content")
    return Task(
        source=tmp_path / "source",
        target=tmp_path / "target" / "file",
        line=LOOPBACK,
        port=1,
        ssh=Ssh(folder=tmp_path),
        certificates=tmp_path,
        scratch=tmp_path / "scratch",
        prepared=tmp_path / "prepared",
    )


def _copying(source: str = "source") -> Tool:
    def plan(task: Task) -> Plan:
        program = f"import shutil; shutil.copy({str(task.source.with_name(source))!r}, {str(task.target)!r})"
        return Plan(server=_SERVER, client=(sys.executable, "-c", program))

    return Tool(name="copy", programs=(), plan=plan)


def test_a_file_that_arrives_gives_figures_of_both_ends_and_is_removed(tmp_path: Path) -> None:
    task = _task(tmp_path)

    outcome = run(_copying(), task, limit_s=30)

    assert isinstance(outcome, Transfer)
    assert outcome.size == len(b"content")
    assert outcome.sender.peak_bytes > 0
    assert outcome.receiver.peak_bytes > 0
    assert not task.target.parent.exists()


def test_a_file_that_arrives_changed_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"c0ntent")

    outcome = run(_copying("other"), _task(tmp_path), limit_s=30)

    assert outcome == Nothing(reason="failed: what arrived is not what was sent")


def test_a_client_that_says_it_is_done_without_a_file_is_a_failure(tmp_path: Path) -> None:
    tool = Tool(name="liar", programs=(), plan=lambda _: Plan(server=_SERVER, client=("true",)))

    assert isinstance(run(tool, _task(tmp_path), limit_s=30), Nothing)


def test_a_server_that_ends_at_once_is_a_failure_with_what_it_said(tmp_path: Path) -> None:
    server = (sys.executable, "-c", "raise SystemExit('address in use')")
    tool = Tool(name="x", programs=(), plan=lambda _: Plan(server=server, client=("true",)))

    assert run(tool, _task(tmp_path), limit_s=30) == Nothing(reason="failed: address in use")


def test_what_takes_longer_than_the_limit_is_ended_at_both_ends(tmp_path: Path) -> None:
    client = (sys.executable, "-c", "import signal; signal.pause()")
    tool = Tool(name="x", programs=(), plan=lambda _: Plan(server=_SERVER, client=client))

    outcome = run(tool, _task(tmp_path), limit_s=0.5)

    assert isinstance(outcome, Transfer)
    assert outcome.cut
    assert outcome.rate == 0.0


def test_a_tool_that_is_not_here_is_an_outcome(tmp_path: Path) -> None:
    name = "no-such-program"
    assert shutil.which(name) is None

    tool = Tool(name="x", programs=(name,), plan=lambda _: Plan(server=_SERVER, client=("true",)))

    assert run(tool, _task(tmp_path), limit_s=1) == Nothing(reason=f"{name}: not found here")
