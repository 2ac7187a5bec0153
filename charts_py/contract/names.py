"""The names that people type in kubectl and that runbooks, alerts and the deployment guide rely on."""

from __future__ import annotations

from typing import Final

PRODUCT: Final = "novacron"

NAMESPACE: Final = "novacron"
SYSTEM_NAMESPACE: Final = "novacron-system"
MONITORING_NAMESPACE: Final = "monitoring"
ARGOCD_NAMESPACE: Final = "argocd"
VELERO_NAMESPACE: Final = "velero"
ISTIO_NAMESPACE: Final = "istio-system"
DNS_NAMESPACE: Final = "kube-system"

API: Final = "novacron-api"
API_CONTAINER: Final = "api"
API_HPA: Final = "novacron-api-hpa"
API_VPA: Final = "novacron-api-vpa"

CONSENSUS: Final = "novacron-consensus"
CONSENSUS_CONTAINER: Final = "consensus"
CONSENSUS_HEADLESS: Final = "novacron-consensus-headless"
CONSENSUS_CLIENT: Final = "novacron-consensus"
CONSENSUS_DATA: Final = "data"
CONSENSUS_FOUNDING: Final = "novacron-consensus-founding"
"""The Lease that says the region's group has been founded. It outlives pods and volumes, so that a member
that lost its volume joins the group instead of founding a second one."""

DWCP: Final = "novacron-dwcp-network"
DWCP_CONTAINER: Final = "dwcp-network"
DWCP_GATEWAY: Final = "novacron-dwcp-gateway"
DWCP_CONFIG: Final = "novacron-dwcp-config"
DWCP_CONFIG_FILE: Final = "dwcp.yaml"
DWCP_DATA: Final = "data"

OPERATOR: Final = "novacron-operator"
OPERATOR_CONTAINER: Final = "operator"

HOURLY_BACKUP: Final = "novacron-hourly-backup"
DAILY_BACKUP: Final = "novacron-daily-full-backup"
CROSS_REGION_BACKUP: Final = "novacron-cross-region-backup"
BACKUP_LOCATION: Final = "novacron"
CROSS_REGION_LOCATION: Final = "novacron-cross-region"

PROMETHEUS_SERVICE: Final = "prometheus"
PROMETHEUS_APP: Final = "prometheus"

PRIORITY_CRITICAL: Final = "novacron-critical"
PRIORITY_SERVING: Final = "novacron-serving"
CONSENSUS_STORAGE_CLASS: Final = "novacron-consensus"
SNAPSHOT_CLASS: Final = "novacron-snapshots"

CONSENSUS_SCALE_POLICY: Final = "novacron-consensus-scale"
HOST_NETWORK_POLICY: Final = "novacron-host-network"

API_GROUP: Final = "novacron.io"
API_VERSION: Final = "novacron.io/v1"

PARTS: Final = ("core", "dwcp", "monitoring")
"""The parts of a region's tree, each one Argo CD root Application `novacron-<part>`."""


def argocd_application(part: str) -> str:
    """The root Application of a part, as in `argocd app sync novacron-core`."""
    return f"{PRODUCT}-{part}"


def region_application(environment: str, region: str, part: str) -> str:
    """The Application that delivers one part to one region."""
    return f"{PRODUCT}-{environment}-{region}-{part}"


def service_account_user(namespace: str, name: str) -> str:
    """The user name that the API server gives to a ServiceAccount."""
    return f"system:serviceaccount:{namespace}:{name}"


def application_set(environment: str, part: str) -> str:
    """The ApplicationSet that makes one part's Applications for the regions of an environment."""
    return f"{PRODUCT}-{environment}-{part}"


def rollout_application(environment: str, part: str) -> str:
    """The Application that makes one part's Applications for the regions of an environment, in their order.

    Its end keeps it apart from theirs, which end with a part.
    """
    return f"{PRODUCT}-{environment}-{part}-rollout"


def copies_location(region: str) -> str:
    """Where Velero finds another region's cross-region backups."""
    return f"{PRODUCT}-of-{region}"


def fleet_project(part: str) -> str:
    """The AppProject of a part's root Application. The regions' own project is `argocd_application(part)`."""
    return f"{PRODUCT}-{part}-fleet"


def rollout_project(part: str) -> str:
    """The AppProject of a part's rollout Applications."""
    return f"{PRODUCT}-{part}-rollout"


def tls_secret(workload: str) -> str:
    """The Secret with a workload's own certificate, key and CA (`tls.crt`, `tls.key`, `ca.crt`)."""
    return f"{workload}-tls"
