"""The alerts: what each one watches, when it fires, and what a reader of the page is told first.

`job` is the workload's `app` label, because the PodMonitors say so. Metrics of the platform's own processes
come from the contract; the others from kube-state-metrics, cAdvisor and the kubelet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from charts_py.contract import metrics, names
from charts_py.contract.metrics import Metric

RUNBOOKS: Final = "https://github.com/novacron/novacron/blob/main/docs/runbooks"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alerting rule. `lasting`: how long the expression must hold. `app`: the workload that it is about,
    None for all of them."""

    name: str
    app: str | None
    severity: Literal["warning", "critical"]
    expression: str
    lasting: str
    summary: str
    description: str

    @property
    def runbook(self) -> str:
        """File name of its runbook in `docs/runbooks/`."""
        concern = self.name.removeprefix("NovaCron")
        return f"{names.PRODUCT}-" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", concern).lower() + ".md"

    def manifest(self, labels: dict[str, str]) -> dict[str, Any]:
        """As a rule of a PrometheusRule, with `labels` in addition to the severity."""
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.lasting,
            "labels": {"severity": self.severity, **labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{RUNBOOKS}/{self.runbook}",
            },
        }


def _of(metric: Metric, *matchers: str) -> str:
    return _select(metric.name, f'job="{metric.app}"', *matchers)


def _rate(metric: Metric, *matchers: str) -> str:
    return f"sum(rate({_of(metric, *matchers)}[5m]))"


def _quantile(quantile: float, metric: Metric) -> str:
    buckets = _select(metric.buckets, f'job="{metric.app}"')
    return f"histogram_quantile({quantile}, sum by (le) (rate({buckets}[5m])))"


def _select(name: str, *matchers: str) -> str:
    return f"{name}{{{', '.join(matchers)}}}"


_OURS: Final = f'namespace=~"{names.NAMESPACE}|{names.SYSTEM_NAMESPACE}"'
_CONTAINER: Final = "namespace, pod, container"
_PERCENT: Final = "{{ $value | humanizePercentage }}"
_DURATION: Final = "{{ $value | humanizeDuration }}"
_WHERE: Final = "{{ $labels.namespace }}/{{ $labels.pod }} container {{ $labels.container }}"

ALERTS: Final = (
    Alert(
        name="NovaCronApiErrorRate",
        app=names.API,
        severity="critical",
        expression=_rate(metrics.HTTP_REQUESTS, 'code=~"5.."') + f" / {_rate(metrics.HTTP_REQUESTS)} > 0.05",
        lasting="5m",
        summary="The API fails more than 5 % of its requests",
        description=f"{_PERCENT} of the requests of the last 5 minutes got a 5xx answer.",
    ),
    Alert(
        name="NovaCronApiLatency",
        app=names.API,
        severity="warning",
        expression=f"{_quantile(0.95, metrics.HTTP_DURATION)} > 0.5",
        lasting="10m",
        summary="The API answers slowly",
        description=f"The slowest 5 % of the requests took longer than {_DURATION}.",
    ),
    Alert(
        name="NovaCronCrashLoop",
        app=None,
        severity="warning",
        expression="max_over_time("
        + _select("kube_pod_container_status_waiting_reason", _OURS, 'reason="CrashLoopBackOff"')
        + "[5m]) >= 1",
        lasting="5m",
        summary="A container keeps crashing",
        description=f"{_WHERE} crashes at each start.",
    ),
    Alert(
        name="NovaCronConsensusQuorumLost",
        app=names.CONSENSUS,
        severity="critical",
        # With every member gone there is no series to compare, so absence counts as loss.
        expression=f"max({_of(metrics.HAS_LEADER)}) < 1 or absent({_of(metrics.HAS_LEADER)})",
        lasting="1m",
        summary="Consensus has no quorum: the region accepts no writes",
        description="No member knows a leader, or no member answers at all.",
    ),
    Alert(
        name="NovaCronConsensusCommitLatency",
        app=names.CONSENSUS,
        severity="warning",
        expression=f"{_quantile(0.99, metrics.COMMIT_DURATION)} > 0.25",
        lasting="10m",
        summary="Consensus commits slowly",
        description=f"The slowest 1 % of the commits took longer than {_DURATION}.",
    ),
    Alert(
        name="NovaCronConsensusLeaderElections",
        app=names.CONSENSUS,
        severity="warning",
        expression=f"max(increase({_of(metrics.LEADER_CHANGES)}[1h])) > 4",
        lasting="5m",
        summary="Consensus keeps electing leaders",
        description="{{ $value | humanize }} leader changes within an hour; each one stops writes.",
    ),
    Alert(
        name="NovaCronDwcpPacketLoss",
        app=names.DWCP,
        severity="warning",
        expression=f"avg by (peer) ({_of(metrics.PACKET_LOSS)}) > {metrics.LOSSY}",
        lasting="10m",
        summary="Packets to another region get lost",
        description=f"{_PERCENT} of the packets to {{{{ $labels.peer }}}} are lost.",
    ),
    Alert(
        name="NovaCronDwcpCompressionFailures",
        app=names.DWCP,
        severity="warning",
        expression=f"{_rate(metrics.ENCODING_FAILURES)} / {_rate(metrics.ENCODED_BLOCKS)} > 0.01",
        lasting="10m",
        summary="DWCP fails to compress blocks",
        description=f"{_PERCENT} of the blocks can't be compressed and travel as they are.",
    ),
    Alert(
        name="NovaCronDwcpConnectionsDegraded",
        app=names.DWCP,
        severity="warning",
        expression="sum by (peer) ("
        + _of(metrics.CONNECTIONS, f'state="{metrics.DEGRADED}"')
        + f") / sum by (peer) ({_of(metrics.CONNECTIONS)}) > 0.2",
        lasting="10m",
        summary="Connections to another region are degraded",
        description=f"{_PERCENT} of the connections to {{{{ $labels.peer }}}} are degraded.",
    ),
    Alert(
        name="NovaCronMemoryHigh",
        app=None,
        severity="warning",
        expression=f"max by ({_CONTAINER}) ("
        + _select("container_memory_working_set_bytes", _OURS, 'container!=""')
        + f") / max by ({_CONTAINER}) ("
        + _select("kube_pod_container_resource_limits", _OURS, 'resource="memory"')
        + ") > 0.9",
        lasting="10m",
        summary="A container is close to its memory limit",
        description=f"{_WHERE} uses {_PERCENT} of its memory limit; at 100 % the kernel kills it.",
    ),
    Alert(
        name="NovaCronCpuHigh",
        app=None,
        severity="warning",
        expression=f"sum by ({_CONTAINER}) (rate("
        + _select("container_cpu_usage_seconds_total", _OURS, 'container!=""')
        + f"[5m])) / max by ({_CONTAINER}) ("
        + _select("kube_pod_container_resource_requests", _OURS, 'resource="cpu"')
        + ") > 0.9",
        lasting="15m",
        summary="A container needs the CPU that is reserved for it, and more",
        description=f"{_WHERE} uses {_PERCENT} of its CPU request.",
    ),
    Alert(
        name="NovaCronVolumeSpace",
        app=names.CONSENSUS,
        severity="warning",
        expression=_select("kubelet_volume_stats_available_bytes", _OURS)
        + " / "
        + _select("kubelet_volume_stats_capacity_bytes", _OURS)
        + " < 0.15",
        lasting="10m",
        summary="A volume is filling up",
        description="{{ $labels.persistentvolumeclaim }} has " + _PERCENT + " of its space left.",
    ),
)
