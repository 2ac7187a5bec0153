"""What the API server refuses when somebody scales consensus.

A replica count is not Raft membership: more pods join by themselves as learners, fewer pods are members that
the rest would wait for, so the operator removes the member before the pod.
"""

from __future__ import annotations

from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.dwcp import CONSENSUS_SIZES
from charts_py.contract.manifest import Manifest
from charts_py.resources.admission import denying

_MOST: Final = max(CONSENSUS_SIZES)
_BY_OPERATOR: Final = names.service_account_user(names.SYSTEM_NAMESPACE, names.OPERATOR)

_REPLICAS: Final = "(has({0}.spec.replicas) ? {0}.spec.replicas : 0)"
"""A Scale leaves 0 out; a StatefulSet always states its count once defaults are in."""

_VARIABLES: Final = {
    "wanted": _REPLICAS.format("object"),
    "current": f"(oldObject == null ? 0 : {_REPLICAS.format('oldObject')})",
    "free": f"variables.wanted == variables.current || request.userInfo.username == '{_BY_OPERATOR}'",
}
"""`free`: the count doesn't change, or it is the operator that changes it."""


def manifests() -> list[Manifest]:
    """The policy and its binding to the `novacron` namespace, where it denies."""
    return denying(names.CONSENSUS_SCALE_POLICY, app=names.CONSENSUS, component="consensus", policy=_policy())


def _policy() -> dict[str, Any]:
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": ["apps"],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["statefulsets", "statefulsets/scale"],
                    "resourceNames": [names.CONSENSUS],
                }
            ]
        },
        "variables": [{"name": name, "expression": text} for name, text in _VARIABLES.items()],
        "validations": [
            _validation(
                f"variables.free || variables.wanted <= {_MOST}",
                f"'consensus has at most {_MOST} members, not ' + string(variables.wanted) + "
                "': every write waits for a majority of them'",
            ),
            _validation(
                "variables.free || variables.wanted == 0 || variables.wanted % 2 == 1",
                "'consensus needs an odd number of members, not ' + string(variables.wanted) + "
                "': an even one survives no more failures than ' + string(variables.wanted - 1) + "
                "'; use ' + string(variables.wanted - 1) + ' or ' + string(variables.wanted + 1)",
            ),
            _validation(
                "variables.free || variables.wanted >= variables.current",
                "'going from ' + string(variables.current) + ' to ' + string(variables.wanted) + "
                "' members is left to the operator, which removes the member from the group before its "
                "pod goes: lower dwcp.acp.nodes in the fleet file, or in the NovaCronCluster'",
            ),
        ],
    }


def _validation(expression: str, message_expression: str) -> dict[str, str]:
    return {"expression": expression, "messageExpression": message_expression, "reason": "Invalid"}
