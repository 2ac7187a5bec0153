"""The words that an etcd process is started with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from charts_py.contract import names
from dwcp_runtime.consensus.etcd_version import Version
from dwcp_runtime.consensus.peer_map import MOST_MEMBERS
from dwcp_runtime.consensus.view import Timings
from dwcp_runtime.transport.tls_context import AUTHORITIES, CERTIFICATE, KEY

QUOTA_BYTES: Final = 2 << 30
"""etcd's own default size of a database, at which it takes no more writes."""

COMPACTION: Final = "1h"
"""For how long the past of a key is kept. Watches resume from within that time."""


@dataclass(frozen=True, kw_only=True)
class MemberCommand:
    """One member. `cluster`: names and peer URLs of all members at its first start, its own included; it is
    ignored afterwards. `listen`: the host to listen on, such as `0.0.0.0`. `tls`: folder, None without."""

    etcd: Path
    version: Version
    name: str
    data: Path
    peer_url: str
    client_url: str
    listen: str
    peer_port: int
    client_port: int
    cluster: Mapping[str, str]
    state: Literal["new", "existing"]
    epoch: int
    timings: Timings
    tls: Path | None
    synced: bool = True
    force_new: bool = False

    def words(self) -> list[str]:
        """The command line."""
        scheme = "http" if self.tls is None else "https"
        options = {
            "name": self.name,
            "data-dir": str(self.data),
            "listen-peer-urls": f"{scheme}://{self.listen}:{self.peer_port}",
            "listen-client-urls": f"{scheme}://{self.listen}:{self.client_port}",
            "initial-advertise-peer-urls": self.peer_url,
            "advertise-client-urls": self.client_url,
            "initial-cluster": ",".join(f"{name}={url}" for name, url in self.cluster.items()),
            "initial-cluster-state": self.state,
            "initial-cluster-token": cluster_token(self.epoch),
            "heartbeat-interval": str(self.timings.heartbeat_ms),
            "election-timeout": str(self.timings.election_ms),
            "pre-vote": "true",
            "strict-reconfig-check": "true",
            "quota-backend-bytes": str(QUOTA_BYTES),
            "auto-compaction-mode": "periodic",
            "auto-compaction-retention": COMPACTION,
            "logger": "zap",
            "log-outputs": "stderr",
            "log-level": "info",
            "experimental-max-learners" if self.version < (3, 6, 0) else "max-learners": str(MOST_MEMBERS),
        }
        if self.tls is not None:
            files = {"cert-file": CERTIFICATE, "key-file": KEY, "trusted-ca-file": AUTHORITIES}
            for prefix in ("", "peer-"):
                options |= {prefix + option: str(self.tls / file) for option, file in files.items()}
                options[f"{prefix}client-cert-auth"] = "true"
        words = [str(self.etcd), *(f"--{option}={value}" for option, value in options.items())]
        if not self.synced:
            words.append("--unsafe-no-fsync")
        if self.force_new:
            words.append("--force-new-cluster")
        return words


def cluster_token(epoch: int) -> str:
    """What keeps members of a group and of the one before it apart: etcd makes the group's id from it."""
    return f"{names.CONSENSUS}-{epoch}"
