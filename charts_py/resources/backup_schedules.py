"""When backups are made and how long they are kept.

There is no full or incremental backup in Velero: each one moves what changed into the object store, and the
three schedules differ in how long they are kept and where they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.commands import SNAPSHOT_COMMAND
from charts_py.contract.labels import selector
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.backup_locations import API_VERSION, snapshot_locations
from charts_py.resources.objects import manifest

MINUTES: Final = 60
STEP: Final = 7
"""Minutes between the same schedule of two regions. It shares no factor with 60, so 60 regions differ:
backups are named by their time, and a region that reads others' must not meet one name twice."""

HOOK_TIMEOUT: Final = "10m"

EXCLUDED: Final = ("events", "events.events.k8s.io", "endpoints", "endpointslices.discovery.k8s.io")
"""What the cluster makes anew. Caches and the agents' volumes exclude themselves by
the label `velero.io/exclude-from-backup`."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One schedule. `hours`: the hour field of cron; `minute`: its minute in the first region; `days`: how
    long a backup is kept."""

    name: str
    hours: str
    minute: int
    days: int
    location: str


HOURLY: Final = Plan(name=names.HOURLY_BACKUP, hours="*", minute=0, days=7, location=names.BACKUP_LOCATION)
DAILY: Final = Plan(name=names.DAILY_BACKUP, hours="2", minute=20, days=30, location=names.BACKUP_LOCATION)
CROSS_REGION: Final = Plan(
    name=names.CROSS_REGION_BACKUP, hours="3", minute=40, days=90, location=names.CROSS_REGION_LOCATION
)


def manifests(region: Region) -> list[Manifest]:
    """A schedule for each location that the region writes to."""
    plans = [HOURLY, DAILY] if region.backup.bucket is not None else []
    if region.backup.cross_region is not None:
        plans.append(CROSS_REGION)
    return [_schedule(region, plan) for plan in plans]


def cron(plan: Plan, position: int) -> str:
    """When the region at `position` of the fleet file runs it, in cron's five fields, UTC."""
    return f"{(plan.minute + STEP * position) % MINUTES} {plan.hours} * * *"


def _schedule(region: Region, plan: Plan) -> Manifest:
    template: dict[str, Any] = {
        "includedNamespaces": [names.NAMESPACE, names.SYSTEM_NAMESPACE],
        "excludedResources": list(EXCLUDED),
        "snapshotVolumes": True,
        "snapshotMoveData": True,
        # A server may be told to copy every volume file by file, scratch space of running pods included.
        "defaultVolumesToFsBackup": False,
        "storageLocation": plan.location,
        "volumeSnapshotLocations": snapshot_locations(region),
        "ttl": f"{plan.days * 24}h0m0s",
        "hooks": {"resources": [_consensus_hook()]},
    }
    if not template["volumeSnapshotLocations"]:
        del template["volumeSnapshotLocations"]
    return manifest(
        API_VERSION,
        "Schedule",
        plan.name,
        app=names.PRODUCT,
        component="backup",
        wave=Wave.OPERATIONS,
        namespace=names.VELERO_NAMESPACE,
        spec={
            "schedule": cron(plan, region.position),
            # Backups must survive the schedule that made them.
            "useOwnerReferencesInBackup": False,
            "template": template,
        },
    )


def _consensus_hook() -> dict[str, Any]:
    """Each member writes a verified snapshot into its volume before the volume is copied. One such snapshot
    restores a group; the volumes of several members, copied at different instants, don't."""
    return {
        "name": "consensus-snapshot",
        "includedNamespaces": [names.NAMESPACE],
        "includedResources": ["pods"],
        "labelSelector": {"matchLabels": selector(names.CONSENSUS)},
        "pre": [
            {
                "exec": {
                    "container": names.CONSENSUS_CONTAINER,
                    "command": list(SNAPSHOT_COMMAND),
                    "onError": "Fail",
                    "timeout": HOOK_TIMEOUT,
                }
            }
        ],
    }
