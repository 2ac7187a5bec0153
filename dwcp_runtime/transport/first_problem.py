"""The one error to report of several tasks that failed together."""

from __future__ import annotations

from dwcp_runtime.transport.errors import DwcpError, ErrorCode


def first_problem(group: BaseExceptionGroup[BaseException]) -> DwcpError:
    """The DwcpError that says most: one that cannot be retried before one that can, the peer's before ours,
    `closed` last, since a lost connection is what every other failure looks like from the other tasks.
    Anything else than a DwcpError is a mistake of ours and becomes `internal`."""
    problems = [wrapped(problem) for problem in _leaves(group)]
    return min(problems, key=lambda one: (one.code is ErrorCode.CLOSED, one.retryable, not one.from_peer))


def wrapped(problem: BaseException) -> DwcpError:
    """The error itself, or `internal` caused by it if nobody thought of it."""
    if isinstance(problem, DwcpError):
        return problem
    internal = DwcpError(ErrorCode.INTERNAL, f"a mistake in here: {problem!r}")
    internal.__cause__ = problem
    return internal


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for problem in group.exceptions:
        found += _leaves(problem) if isinstance(problem, BaseExceptionGroup) else [problem]
    return found
