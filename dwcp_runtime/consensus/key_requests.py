"""Answers what is asked of one key, whichever way the request was read."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from charts_py.contract import http_paths
from dwcp_runtime.consensus import answers
from dwcp_runtime.consensus.answers import Refused, revision_headers
from dwcp_runtime.consensus.gateway_error import GatewayError
from dwcp_runtime.consensus.key_call import KeyRead, KeyWrite
from dwcp_runtime.consensus.keys import Keys
from dwcp_runtime.consensus.put_batch import FullError
from dwcp_runtime.consensus.put_queue import NotSentError
from dwcp_runtime.consensus.status_document import Condition
from dwcp_runtime.consensus.transaction import Conflict, Written


class KeyRequests:
    """Reads and writes of single keys. `trouble` says why nothing can be served now, if so."""

    def __init__(self, keys: Keys, trouble: Callable[[], Condition | None]) -> None:
        self._keys = keys
        self._trouble = trouble

    def refuse_what_cannot_be_served(self) -> None:
        """Raises Refused."""
        condition = self._trouble()
        if condition is not None:
            raise answers.unavailable(condition)

    async def read(self, call: KeyRead) -> web.Response:
        """The value. Raises Refused."""
        self.refuse_what_cannot_be_served()
        try:
            found = await self._keys.get(call.key, revision=call.revision)
        except GatewayError as error:
            raise answers.read_failed(error, self._trouble()) from None
        if found.entry is None:
            raise Refused(
                HTTPStatus.NOT_FOUND,
                "no such key",
                allowed=f"PUT makes it; GET {http_paths.CONSENSUS_KEYS} lists keys",
                headers=revision_headers(found.revision),
                revision=found.revision,
            )
        headers = revision_headers(found.revision, found.entry.mod_revision)
        return answers.value(found.entry.value, headers)

    async def write(self, call: KeyWrite, value: bytes) -> Written:
        """What a PUT of `value`, or a DELETE, did. Raises Refused."""
        self.refuse_what_cannot_be_served()
        try:
            if call.deletes:
                outcome = await self._keys.delete(call.key, expected=call.expected)
            else:
                outcome = await self._keys.put(call.key, value, expected=call.expected)
        except FullError as error:
            raise _not_written(error, "the same again, from fewer clients at a time") from None
        except NotSentError as error:
            self.refuse_what_cannot_be_served()
            raise _not_written(error, "the same again") from None
        except GatewayError as error:
            raise answers.write_failed(error, self._trouble()) from None
        if isinstance(outcome, Conflict):
            current = outcome.current
            raise Refused(
                HTTPStatus.PRECONDITION_FAILED,
                f"the key was last written at revision {current}" if current else "the key is not there",
                allowed=f'If-Match: "{current}"' if current else "If-None-Match: *",
                headers=revision_headers(outcome.revision, current or None),
                revision=current,
                outcome="not done",
            )
        return outcome


def _not_written(error: Exception, allowed: str) -> Refused:
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"not written: {error}",
        allowed=allowed,
        headers={"Retry-After": str(answers.RETRY_SECONDS)},
        outcome="not done",
    )
