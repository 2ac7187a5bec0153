"""The one error to report of several tasks that failed together."""

from __future__ import annotations

from dwcp_runtime.transport.errors import DwcpError, ErrorCode


def first_problem(group: BaseExceptionGroup[BaseException]) -> DwcpError:
    """The DwcpError that says most: one that cannot be retried before one that can, the peer's before ours,
    `closed` last, since a lost connection is what every other failure looks like from the other tasks.
    Anything else than DwcpErrors is a mistake of ours and raised as it is."""
    problems: list[DwcpError] = []
    for problem in _leaves(group):
        if not isinstance(problem, DwcpError):
            raise problem
        problems.append(problem)
    return min(problems, key=lambda one: (one.code is ErrorCode.CLOSED, one.retryable, not one.from_peer))


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for problem in group.exceptions:
        found += _leaves(problem) if isinstance(problem, BaseExceptionGroup) else [problem]
    return found
