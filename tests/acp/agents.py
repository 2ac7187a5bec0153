"""Members as they are in production: an agent, and the etcd that it supervises."""

from __future__ import annotations

from charts_py.contract import names
from tests.acp.group import member_name
from tests.acp.plain import launch as plain_launch

launch = plain_launch(5)


def host_names(member: int) -> str:
    """The names that the headless service gives to a pod."""
    short = f"{member_name(member)}.{names.CONSENSUS_HEADLESS}"
    return f"{short}.{names.NAMESPACE}.svc.cluster.local {short}.{names.NAMESPACE} {short}"
