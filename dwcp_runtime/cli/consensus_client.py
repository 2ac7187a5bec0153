"""What people and backups ask of a running agent, over its HTTP port."""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
import urllib.request
from typing import Any, Final

from charts_py.contract import http_paths, ports
from charts_py.contract.commands import RUNTIME
from dwcp_runtime.cli import consensus_exit_codes as exit_codes
from dwcp_runtime.cli.say import fail

AGENT: Final = f"http://127.0.0.1:{ports.CONSENSUS_HTTP.number}"

STATUS_SECONDS: Final = 10.0
SNAPSHOT_SECONDS: Final = 570.0
"""A little less than backups wait for it."""


class _RefusedError(Exception):
    """The agent answered, and not with what was asked for."""


class _UnreachableError(Exception):
    """No agent answered."""


def snapshot(agent: str, *, as_json: bool) -> int:
    """Let the agent take a snapshot. A member that is no voter has nothing that voters don't have."""
    try:
        status = _ask(agent, "GET", http_paths.CONSENSUS_STATUS, STATUS_SECONDS)
        if status.get("role") == "learner" or status.get("phase") in ("waiting", "joining", "retired"):
            what = "a learner" if status.get("role") == "learner" else status.get("phase")
            _print(
                {"snapshot": None, "reason": f"{status.get('name')} is {what}: the voters have its data"},
                f"no snapshot: {status.get('name')} is {what}, and the voters have its data",
                as_json=as_json,
            )
            return exit_codes.OK
        taken = _ask(agent, "POST", http_paths.CONSENSUS_SNAPSHOTS, SNAPSHOT_SECONDS)
    except _UnreachableError as error:
        return fail(f"{RUNTIME} consensus snapshot: {error}", exit_codes.UNREACHABLE)
    except _RefusedError as error:
        return fail(f"{RUNTIME} consensus snapshot: {error}", exit_codes.REFUSED)
    except ValueError as error:
        return fail(f"{RUNTIME} consensus snapshot: {error}", exit_codes.BAD_INPUT)
    _print(
        taken,
        f"{taken.get('name')}: {taken.get('size_bytes')} bytes, revision {taken.get('revision')}, "
        f"sha256 {taken.get('sha256')}",
        as_json=as_json,
    )
    return exit_codes.OK


def status(agent: str, *, as_json: bool) -> int:
    """Print what the agent knows."""
    try:
        found = _ask(agent, "GET", http_paths.CONSENSUS_STATUS, STATUS_SECONDS)
    except (_UnreachableError, _RefusedError) as error:
        return fail(f"{RUNTIME} consensus status: {error}", exit_codes.UNREACHABLE)
    except ValueError as error:
        return fail(f"{RUNTIME} consensus status: {error}", exit_codes.BAD_INPUT)
    _print(found, "\n".join(_lines(found)), as_json=as_json)
    held = (found.get("quorum") or {}).get("held")
    return exit_codes.OK if held else exit_codes.NO_QUORUM


def _lines(status: dict[str, Any]) -> list[str]:
    quorum = status.get("quorum") or {}
    leader = status.get("leader") or "none"
    lines = [f"{status.get('name')}: {status.get('phase')}, {status.get('role')}; leader {leader}"]
    if quorum:
        kept = "held" if quorum.get("held") else "lost"
        lines.append(
            f"quorum {kept}: {quorum.get('healthy')} of {quorum.get('voters')} voters answer, "
            f"{quorum.get('size')} are needed"
        )
    for member in status.get("members") or ():
        kind = "learner" if member.get("learner") else "voter"
        answers = "answers" if member.get("reachable") else "does not answer"
        lag = member.get("lag")
        behind = "" if lag is None else f", {lag} entries behind"
        lines.append(f"  {member.get('name') or '(not started)':30} {kind:8} {answers}{behind}")
    last = status.get("last_snapshot") or {}
    lines.append(f"last snapshot: {last.get('name') or 'none'}")
    lines += [f"waits: {reason}" for reason in status.get("waiting_for") or ()]
    return lines


def _print(fields: dict[str, Any], text: str, *, as_json: bool) -> None:
    try:
        print(json.dumps(fields, indent=2) if as_json else text, flush=True)
    except BrokenPipeError:
        sys.stderr.close()


def _ask(agent: str, verb: str, path: str, seconds: float) -> dict[str, Any]:
    if not agent.startswith("http://"):
        raise ValueError(f"--agent {agent!r} is no agent; allowed: http://HOST:PORT, such as {AGENT}")
    request = urllib.request.Request(agent.rstrip("/") + path, method=verb)
    # No proxy stands between a member and those who ask it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as answer:
            return _object(answer.read(), agent)
    except urllib.error.HTTPError as error:
        fields = _object(error.read(), agent)
        words = fields.get("error") or f"it answered {error.code}"
        allowed = fields.get("allowed")
        raise _RefusedError(f"{words}; allowed: {allowed}" if allowed else str(words)) from error
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", None) or error
        why = str(getattr(cause, "strerror", None) or cause or type(cause).__name__).lower()
        raise _UnreachableError(
            f"no agent answers at {agent}: {why}; start it, or say by --agent URL where it listens"
        ) from error


def _object(body: bytes, agent: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise _UnreachableError(f"{agent} is no agent of consensus: it answers no JSON") from error
    return fields if isinstance(fields, dict) else {}
