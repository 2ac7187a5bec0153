"""Host mode: agents in their node's network namespace, loud and no wider than that.

Pod Security knows one level for a whole namespace, and its `restricted` and `baseline` refuse host networks.
The agents' namespace and names are promised, so in host mode the namespace's enforced level goes, warnings
and audit stay at `restricted`, and an admission policy holds every pod to `restricted` again: host network
for the agents' ServiceAccount, and for nobody else.
"""

from __future__ import annotations

from typing import Any, Final

from charts_py.contract import labels, names
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.resources import pods
from charts_py.resources.admission import denying

EXPLANATION: Final = (
    "dwcp.networking.hostNetwork is on: agents share their node's network, so network policies don't hold "
    "them and every process on the node reaches their ports. Pod Security is not enforced here by level but "
    f"by the ValidatingAdmissionPolicy {names.HOST_NETWORK_POLICY}."
)

_CONTAINERS: Final = "(object.spec.containers + object.spec.?initContainers.orValue([]))"
_EPHEMERAL: Final = "object.spec.?ephemeralContainers.orValue([])"
_VOLUMES: Final = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
"""The volume kinds that `restricted` admits."""

_AGENT: Final = "object.spec.?serviceAccountName.orValue('') == '" + names.DWCP + "'"

_EVERY_CONTAINER: Final = {
    "containers must set allowPrivilegeEscalation: false": (
        "c.?securityContext.?allowPrivilegeEscalation.orValue(true) == false"
    ),
    "containers must drop ALL capabilities and add none but NET_BIND_SERVICE": (
        "c.?securityContext.?capabilities.?drop.orValue([]).exists(d, d == 'ALL') && "
        "c.?securityContext.?capabilities.?add.orValue([]).all(a, a == 'NET_BIND_SERVICE')"
    ),
    "containers must run as non-root": (
        "c.?securityContext.?runAsNonRoot.orValue("
        "object.spec.?securityContext.?runAsNonRoot.orValue(false)) && "
        "c.?securityContext.?runAsUser.orValue("
        "object.spec.?securityContext.?runAsUser.orValue(1)) != 0"
    ),
    "containers must use the RuntimeDefault or a Localhost seccomp profile": (
        "c.?securityContext.?seccompProfile.?type.orValue("
        "object.spec.?securityContext.?seccompProfile.?type.orValue('')) in ['RuntimeDefault', 'Localhost']"
    ),
    "containers must not be privileged or ask for an unmasked /proc": (
        "!c.?securityContext.?privileged.orValue(false) && "
        "c.?securityContext.?procMount.orValue('Default') == 'Default'"
    ),
    "only the DWCP agents may use host ports": (
        f"{_AGENT} || c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)"
    ),
}

_WHOLE_POD: Final = {
    "only the DWCP agents may use the host network": f"!object.spec.?hostNetwork.orValue(false) || {_AGENT}",
    "host processes and host IPC are nobody's": (
        "!object.spec.?hostPID.orValue(false) && !object.spec.?hostIPC.orValue(false)"
    ),
    "volumes must not reach into the node": (
        "object.spec.?volumes.orValue([]).all(v, " + " || ".join(f"has(v.{kind})" for kind in _VOLUMES) + ")"
    ),
    "sysctls need the pod's own network": "size(object.spec.?securityContext.?sysctls.orValue([])) == 0",
}


def explanation(region: Region) -> dict[str, str]:
    """The annotation that says what host mode means, on everything that it changes; else empty."""
    return {labels.EXPLANATION: EXPLANATION} if _on(region) else {}


def enforced_level(region: Region) -> str:
    """The Pod Security level that the `novacron` namespace enforces."""
    return "privileged" if _on(region) else "restricted"


def pod_fields(region: Region) -> dict[str, Any]:
    """Fields of the agents' pod spec. Without the DNS policy a host-network pod can't resolve Services."""
    return {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"} if _on(region) else {}


def container_ports(region: Region, app: str) -> list[dict[str, Any]]:
    """As `pods.container_ports`; in host mode with the host ports that the API server would fill in."""
    listed = pods.container_ports(app)
    if not _on(region):
        return listed
    return [
        {
            "name": p["name"],
            "hostPort": p["containerPort"],
            **{k: p[k] for k in ("containerPort", "protocol")},
        }
        for p in listed
    ]


def manifests(region: Region) -> list[Manifest]:
    """The admission policy that stands in for Pod Security, and its binding; nothing outside host mode."""
    if not _on(region):
        return []
    return denying(
        names.HOST_NETWORK_POLICY,
        app=names.PRODUCT,
        component="security",
        policy=_policy(),
        annotations=explanation(region),
    )


def _on(region: Region) -> bool:
    return region.dwcp.enabled and region.dwcp.networking.host_network


def _policy() -> dict[str, Any]:
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["pods", "pods/ephemeralcontainers"],
                }
            ]
        },
        "validations": [
            *(
                {"expression": expression, "message": message, "reason": "Forbidden"}
                for message, expression in _WHOLE_POD.items()
            ),
            *(
                {
                    "expression": f"{_CONTAINERS}.all(c, {expression}) && {_EPHEMERAL}.all(c, {expression})",
                    "message": message,
                    "reason": "Forbidden",
                }
                for message, expression in _EVERY_CONTAINER.items()
            ),
        ],
    }
