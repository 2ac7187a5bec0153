"""The grant to found a group as a Lease: in a cluster it outlives pods and volumes.

`spec.holderIdentity` is the instance that founded, annotations say the rest. It is never renewed: its being
there is what counts.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from charts_py.contract import names
from dwcp_runtime.consensus.bootstrap import Grant, GrantState
from dwcp_runtime.consensus.founding_grant import GrantError

EPOCH: Final = f"{names.API_GROUP}/epoch"
FOUNDED: Final = f"{names.API_GROUP}/founded"

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts a pod's token and the API server's authority."""

SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """Where the API server is. `account`: folder of `token` and `ca.crt`, read for each request, since tokens
    are renewed."""

    url: str
    account: Path = ACCOUNT

    @classmethod
    def of_pod(cls, environment: Mapping[str, str]) -> ApiServer | None:
        """As Kubernetes tells a pod; None outside of one."""
        host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
        if not host:
            return None
        return cls(url=f"https://{f'[{host}]' if ':' in host else host}:{port or 443}")


class LeaseGrant:
    """See GrantStore."""

    def __init__(self, server: ApiServer, *, namespace: str) -> None:
        self._server = server
        self._namespace = namespace
        self._all = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._one = f"{self._all}/{names.CONSENSUS_FOUNDING}"
        self._name = f"Lease {namespace}/{names.CONSENSUS_FOUNDING}"

    async def read(self) -> Grant:
        """See GrantStore."""
        try:
            code, fields = await self._request("GET", self._one)
        except GrantError as error:
            return Grant(state=GrantState.UNKNOWN, problem=str(error))
        if code == 404:
            return Grant(state=GrantState.ABSENT)
        if code != 200:
            return Grant(state=GrantState.UNKNOWN, problem=self._refusal("read", code, fields))
        return grant_of(fields, self._name)

    async def take(self, instance: str) -> None:
        """See GrantStore."""
        code, fields = await self._request("POST", self._all, self._lease(instance, 1, founded=False))
        if code not in (200, 201, 409):
            raise GrantError(self._refusal("created", code, fields))

    async def record(self, *, holder: str, epoch: int) -> None:
        """See GrantStore."""
        code, fields = await self._request("GET", self._one)
        lease = self._lease(holder, epoch, founded=True)
        if code == 404:
            code, fields = await self._request("POST", self._all, lease)
        elif code == 200:
            # With its version: whoever raised the epoch meanwhile is not undone.
            lease["metadata"]["resourceVersion"] = fields.get("metadata", {}).get("resourceVersion")
            code, fields = await self._request("PUT", self._one, lease)
        if code not in (200, 201):
            raise GrantError(self._refusal("written", code, fields))

    def _lease(self, holder: str, epoch: int, *, founded: bool) -> dict[str, Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": names.CONSENSUS_FOUNDING,
                "namespace": self._namespace,
                "annotations": {EPOCH: str(epoch), FOUNDED: "true" if founded else "false"},
            },
            "spec": {"holderIdentity": holder},
        }

    async def _request(
        self, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        try:
            token = (self._server.account / "token").read_text().strip()
            context: ssl.SSLContext | bool = True
            if self._server.url.startswith("https"):
                context = ssl.create_default_context(cafile=self._server.account / "ca.crt")
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
                session.request(
                    verb,
                    self._server.url + path,
                    json=body,
                    headers={"Authorization": f"Bearer {token}"},
                    ssl=context,
                ) as answer,
            ):
                fields = await answer.json(content_type=None)
                return answer.status, fields if isinstance(fields, dict) else {}
        except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise GrantError(f"the API server did not answer for the {self._name}: {why}") from error

    def _refusal(self, what: str, code: int, fields: Mapping[str, Any]) -> str:
        told = f"{code} {fields.get('message', '')}".strip()
        return f"the {self._name} can't be {what}: the API server says {told}"


def grant_of(fields: Mapping[str, Any], name: str) -> Grant:
    """The grant that a Lease stands for. One that was changed by hand into something else is unknown."""
    metadata, spec = fields.get("metadata") or {}, fields.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    epoch, holder = annotations.get(EPOCH), spec.get("holderIdentity")
    if not isinstance(epoch, str) or not epoch.isdigit() or int(epoch) < 1 or not holder:
        return Grant(
            state=GrantState.UNKNOWN,
            problem=f"the {name} has no holderIdentity or no epoch in the annotation {EPOCH}",
        )
    founded = annotations.get(FOUNDED) == "true"
    return Grant(state=GrantState.GIVEN, holder=str(holder), epoch=int(epoch), founded=founded)
