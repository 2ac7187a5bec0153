"""etcd as it is, without an agent: what the tests themselves are tried with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from charts_py.contract import ports
from tests.acp.group import Group, Launch, member_name
from tests.e2e.machine import BINARIES


def launch(size: int) -> Launch:
    """The members of a group that is made of `size` from its first start."""

    def command(group: Group, member: int) -> Sequence[str | Path]:
        def url(which: int, port: int) -> str:
            return f"http://{group.network.address(which)}:{port}"

        peer, client = ports.ETCD_PEER.number, ports.ETCD_CLIENT.number
        first = ",".join(f"{member_name(which)}={url(which, peer)}" for which in range(size))
        return [
            BINARIES / "etcd",
            *("--name", member_name(member), "--data-dir", group.data(member) / "etcd"),
            *("--listen-peer-urls", url(member, peer), "--initial-advertise-peer-urls", url(member, peer)),
            *("--listen-client-urls", url(member, client), "--advertise-client-urls", url(member, client)),
            *("--initial-cluster", first, "--heartbeat-interval", "100", "--election-timeout", "1000"),
        ]

    return command
