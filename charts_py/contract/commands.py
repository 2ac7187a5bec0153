"""How the images' processes are started."""

from __future__ import annotations

from typing import Final, Literal

Role = Literal["api", "consensus", "network", "operator"]

RUNTIME: Final = "dwcp-runtime"
CONFIG_MOUNT: Final = "/etc/novacron"
TLS_MOUNT: Final = "/etc/novacron-tls"
DATA_MOUNT: Final = "/var/lib/novacron"
HEALTH_SCRIPT: Final = "/health-check.sh"

SNAPSHOT_COMMAND: Final = (RUNTIME, "consensus", "snapshot")
"""Takes a verified snapshot of a member's data; backups run it before they copy volumes."""


USER_ID: Final = 65532
"""User and group that every image of ours runs as; volumes are made readable for it."""

CONFIG_VARIABLE: Final = "NOVACRON_CONFIG"
"""Path of the configuration file, for roles that have one."""

REGION_VARIABLE: Final = "NOVACRON_REGION"
ENVIRONMENT_VARIABLE: Final = "NOVACRON_ENVIRONMENT"
POD_NAME_VARIABLE: Final = "POD_NAME"
POD_NAMESPACE_VARIABLE: Final = "POD_NAMESPACE"


def arguments(role: Role) -> list[str]:
    """The container arguments of a role; the image's entry point is `RUNTIME`."""
    return [role]
