"""Each alert fires on what it is for and rests on what it isn't, by promtool's own evaluation."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from charts_py.contract.platform import Monitoring
from charts_py.contract.region import Region
from charts_py.resources import monitoring
from charts_py.resources.alerts import ALERTS

ROOT = Path(__file__).parents[1]
REGION = Region(
    environment="lab", name="lab-1", cluster="lab-1", version="3.0.0", monitoring=Monitoring(prometheus=True)
)
POD = 'namespace="novacron", pod="novacron-api-0", container="api"'
API = 'job="novacron-api"'
CONSENSUS = 'job="novacron-consensus"'
DWCP = 'job="novacron-dwcp-network"'
CLAIM = 'namespace="novacron", persistentvolumeclaim="data-novacron-consensus-0"'


@dataclass(frozen=True, kw_only=True)
class Case:
    """Series in promtool's notation, one value a minute, and how many instances of the alert then fire at
    `minute`. `_` is a missing value: `0+60x40` starts at 0 and grows by 60 forty times."""

    alert: str
    what: str
    series: dict[str, str]
    firing: int
    minute: int = 30


def buckets(metric: str, job: str, **grows: int) -> dict[str, str]:
    """A histogram's series: `le_0_5=50` are 50 more values a minute of at most 0.5."""
    bounds = {key.removeprefix("le_").replace("_", "."): by for key, by in grows.items()}
    return {
        f'{metric}_bucket{{{job}, le="{"+Inf" if bound == "inf" else bound}"}}': f"0+{by}x40"
        for bound, by in bounds.items()
    }


def requests(good: int, bad: int) -> dict[str, str]:
    return {
        f'http_requests_total{{{API}, code="200"}}': f"0+{good}x40",
        f'http_requests_total{{{API}, code="500"}}': f"0+{bad}x40",
    }


def leaders(*values: str) -> dict[str, str]:
    return {
        f'novacron_consensus_has_leader{{{CONSENSUS}, pod="novacron-consensus-{member}"}}': value
        for member, value in enumerate(values)
    }


def connections(healthy: int, degraded: int) -> dict[str, str]:
    return {
        f'novacron_dwcp_connections{{{DWCP}, peer="eu", state="healthy"}}': f"{healthy}x40",
        f'novacron_dwcp_connections{{{DWCP}, peer="eu", state="degraded"}}': f"{degraded}x40",
    }


def encoded(blocks: int, failures: int) -> dict[str, str]:
    return {
        f"novacron_dwcp_encoded_blocks_total{{{DWCP}}}": f"0+{blocks}x40",
        f"novacron_dwcp_encoding_failures_total{{{DWCP}}}": f"0+{failures}x40",
    }


def loss(peer: str, *ratios: float) -> dict[str, str]:
    return {
        f'novacron_dwcp_packet_loss_ratio{{{DWCP}, peer="{peer}", pod="{node}"}}': f"{ratio}x40"
        for node, ratio in enumerate(ratios)
    }


def waiting(reason: str) -> dict[str, str]:
    return {f'kube_pod_container_status_waiting_reason{{{POD}, reason="{reason}"}}': "1x40"}


def memory(used: int, limit: int) -> dict[str, str]:
    return {
        f"container_memory_working_set_bytes{{{POD}}}": f"{used}x40",
        f'kube_pod_container_resource_limits{{{POD}, resource="memory"}}': f"{limit}x40",
    }


def cpu(seconds_a_minute: int, cores: int) -> dict[str, str]:
    return {
        f"container_cpu_usage_seconds_total{{{POD}}}": f"0+{seconds_a_minute}x40",
        f'kube_pod_container_resource_requests{{{POD}, resource="cpu"}}': f"{cores}x40",
    }


def volume(free: int, capacity: int) -> dict[str, str]:
    return {
        f"kubelet_volume_stats_available_bytes{{{CLAIM}}}": f"{free}x40",
        f"kubelet_volume_stats_capacity_bytes{{{CLAIM}}}": f"{capacity}x40",
    }


DURATION = "http_request_duration_seconds"
COMMIT = "novacron_consensus_commit_duration_seconds"
CHANGES = f"novacron_consensus_leader_changes_total{{{CONSENSUS}}}"

CASES = (
    Case(alert="NovaCronApiErrorRate", what="one request in seven fails", series=requests(60, 10), firing=1),
    Case(alert="NovaCronApiErrorRate", what="one in a hundred fails", series=requests(99, 1), firing=0),
    Case(alert="NovaCronApiErrorRate", what="nobody asks", series=requests(0, 0), firing=0),
    Case(
        alert="NovaCronApiLatency",
        what="half of the requests take longer than half a second",
        series=buckets(DURATION, API, le_0_1=10, le_0_5=50, le_1=100, le_inf=100),
        firing=1,
    ),
    Case(
        alert="NovaCronApiLatency",
        what="one request in a hundred takes longer",
        series=buckets(DURATION, API, le_0_1=90, le_0_5=99, le_1=100, le_inf=100),
        firing=0,
    ),
    Case(alert="NovaCronCrashLoop", what="it crashes", series=waiting("CrashLoopBackOff"), firing=1),
    Case(
        alert="NovaCronCrashLoop", what="it is being created", series=waiting("ContainerCreating"), firing=0
    ),
    Case(alert="NovaCronConsensusQuorumLost", what="every member is gone", series={}, firing=1),
    Case(
        alert="NovaCronConsensusQuorumLost",
        what="every member vanished after a while",
        series=leaders("1x10", "1x10", "1x10"),
        firing=1,
    ),
    Case(
        alert="NovaCronConsensusQuorumLost",
        what="the members left see no leader",
        series=leaders("1x10 0x30", "1x10", "1x10"),
        firing=1,
    ),
    Case(
        alert="NovaCronConsensusQuorumLost",
        what="one member of three is gone and one is cut off",
        series=leaders("1x40", "0x40", "1x10"),
        firing=0,
    ),
    Case(
        alert="NovaCronConsensusCommitLatency",
        what="one commit in ten takes longer than a quarter of a second",
        series=buckets(COMMIT, CONSENSUS, le_0_1=80, le_0_25=90, le_0_5=100, le_inf=100),
        firing=1,
    ),
    Case(
        alert="NovaCronConsensusCommitLatency",
        what="every commit is quick",
        series=buckets(COMMIT, CONSENSUS, le_0_1=100, le_0_25=100, le_0_5=100, le_inf=100),
        firing=0,
    ),
    Case(
        alert="NovaCronConsensusLeaderElections",
        what="a leader every five minutes",
        series={CHANGES: "0x4 1x4 2x4 3x4 4x4 5x4 6x4 7x4 8x4"},
        firing=1,
        minute=44,
    ),
    Case(
        alert="NovaCronConsensusLeaderElections",
        what="a roll-out moves the leader twice",
        series={CHANGES: "0x10 1x10 2x20"},
        firing=0,
        minute=40,
    ),
    Case(
        alert="NovaCronDwcpPacketLoss",
        what="two peers lose packets, a third doesn't",
        series=loss("eu", 0.05, 0.03) | loss("ap", 0.04, 0.04) | loss("us", 0.0, 0.0),
        firing=2,
    ),
    Case(
        alert="NovaCronDwcpPacketLoss",
        what="a single node of many loses packets",
        series=loss("eu", 0.05, 0.0, 0.0, 0.0),
        firing=0,
    ),
    Case(
        alert="NovaCronDwcpCompressionFailures",
        what="one block in twenty",
        series=encoded(100, 5),
        firing=1,
    ),
    Case(
        alert="NovaCronDwcpCompressionFailures",
        what="one block in a thousand",
        series=encoded(1000, 1),
        firing=0,
    ),
    Case(
        alert="NovaCronDwcpConnectionsDegraded",
        what="three of ten",
        series=connections(healthy=7, degraded=3),
        firing=1,
    ),
    Case(
        alert="NovaCronDwcpConnectionsDegraded",
        what="one of ten",
        series=connections(healthy=9, degraded=1),
        firing=0,
    ),
    Case(alert="NovaCronMemoryHigh", what="95 % of the limit", series=memory(95, 100), firing=1),
    Case(alert="NovaCronMemoryHigh", what="half of the limit", series=memory(50, 100), firing=0),
    Case(alert="NovaCronCpuHigh", what="95 % of one core", series=cpu(57, 1), firing=1),
    Case(alert="NovaCronCpuHigh", what="half of two cores", series=cpu(60, 2), firing=0),
    Case(alert="NovaCronVolumeSpace", what="a tenth is left", series=volume(10, 100), firing=1),
    Case(alert="NovaCronVolumeSpace", what="half is left", series=volume(50, 100), firing=0),
)


@pytest.fixture(scope="session")
def promtool() -> Path:
    """$NOVACRON_PROMTOOL, else what `tools/build.py` built."""
    found = Path(os.environ.get("NOVACRON_PROMTOOL") or ROOT / ".novacron" / "bin" / "promtool")
    if not found.is_file():
        pytest.fail(f"{found} is missing; run `python tools/build.py promtool`", pytrace=False)
    return found


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The region's rules as the file that Prometheus reads: a PrometheusRule's spec is one."""
    path = tmp_path_factory.mktemp("rules") / "rules.json"
    (rule,) = (obj for obj in monitoring.manifests(REGION) if obj["kind"] == "PrometheusRule")
    path.write_text(json.dumps(rule["spec"]), encoding="utf-8")
    return path


def run(promtool: Path, *arguments: str) -> None:
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def expected(case: Case) -> list[dict[str, Any]]:
    (severity,) = (alert.severity for alert in ALERTS if alert.name == case.alert)
    labels = f'{{environment="lab", region="lab-1", severity="{severity}"}}'
    return [{"labels": labels, "value": case.firing}] if case.firing else []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.what}")
def test_an_alert_fires_on_its_cause_after_its_time_and_on_nothing_else(
    case: Case, promtool: Path, rules: Path, tmp_path: Path
) -> None:
    firing = f'ALERTS{{alertname="{case.alert}", alertstate="firing"}}'
    counted = f"count by (environment, region, severity) ({firing})"
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "name": case.what,
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
                "promql_expr_test": [
                    {"expr": counted, "eval_time": "0m", "exp_samples": []},
                    {"expr": counted, "eval_time": f"{case.minute}m", "exp_samples": expected(case)},
                ],
            }
        ],
    }
    path = tmp_path / "test.json"
    path.write_text(json.dumps(test), encoding="utf-8")
    run(promtool, "test", "rules", str(path))


def test_every_alert_has_a_case_that_fires_and_one_that_rests() -> None:
    for alert in ALERTS:
        outcomes = {bool(case.firing) for case in CASES if case.alert == alert.name}
        assert outcomes == {True, False}, alert.name


def test_prometheus_accepts_the_rules_and_their_templates(promtool: Path, rules: Path) -> None:
    run(promtool, "check", "rules", str(rules))
