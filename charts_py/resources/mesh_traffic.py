"""How requests travel: the public host of the API, retries, timeouts, and which endpoints are left alone.

Requests stay in their zone while it has healthy endpoints, then go to the region's other zones. Istio merges
Services of the same name in all clusters of a mesh, and a region is a cluster: `_NEAREST` puts other regions
last, and their network policies refuse the call, because another region holds another state.
"""

from __future__ import annotations

from typing import Any, Final

from charts_py.contract import labels, names, ports
from charts_py.contract.manifest import Manifest
from charts_py.contract.region import Region
from charts_py.contract.waves import Wave
from charts_py.resources.objects import manifest

API_VERSION: Final = "networking.istio.io/v1"
REQUEST_TIMEOUT: Final = "30s"
TRY_TIMEOUT: Final = "10s"

NEVER_REACHED: Final = "connect-failure,refused-stream,reset-before-request"
"""Failures before the server saw the request: repeating any method is safe."""

REPEATABLE: Final = f"{NEVER_REACHED},gateway-error,reset"
"""In addition those that leave open whether it did: only for methods that change nothing."""

_NEAREST: Final = {"enabled": True, "failoverPriority": ["topology.istio.io/cluster", labels.ZONE]}


def manifests(region: Region) -> list[Manifest]:
    """The public entry, where the fleet names a host, and the rules for the API and consensus."""
    found: list[Manifest] = []
    if region.api.host is not None:
        found += [_gateway(region, region.api.host), _virtual_service(region.api.host)]
    found += [
        _destination_rule(names.API, _api_policy()),
        _destination_rule(names.CONSENSUS_CLIENT, _consensus_policy(region)),
        _destination_rule(names.CONSENSUS_HEADLESS, _headless_policy()),
    ]
    return found


def host(service: str) -> str:
    """The full name of a Service of ours, which reads the same in every namespace."""
    return f"{service}.{names.NAMESPACE}.svc.cluster.local"


def max_ejection_percent(nodes: int) -> int:
    """How many consensus members may be ejected: a minority, so that a quorum always stays reachable.

    nodes: number of members. Out: percent, rounded down; 0 for a single member.
    """
    return (nodes - 1) // 2 * 100 // nodes


def _gateway(region: Region, public: str) -> Manifest:
    # Both servers accept the host for this namespace's routes only.
    hosts = [f"./{public}"]
    return _object(
        "Gateway",
        names.API,
        {
            "selector": {"istio": region.service_mesh.gateway},
            "servers": [
                {
                    "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                    "tls": {
                        "mode": "SIMPLE",
                        "credentialName": region.service_mesh.gateway_secret,
                        "minProtocolVersion": "TLSV1_2",
                    },
                    "hosts": hosts,
                },
                {
                    "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                    "tls": {"httpsRedirect": True},
                    "hosts": hosts,
                },
            ],
        },
    )


def _virtual_service(public: str) -> Manifest:
    destination = {"host": host(names.API), "port": {"number": ports.API_SERVICE_PORT}}
    reads = {
        "name": "read",
        "match": [{"method": {"regex": "GET|HEAD|OPTIONS"}}],
        "route": [{"destination": destination}],
        "timeout": REQUEST_TIMEOUT,
        "retries": {"attempts": 2, "perTryTimeout": TRY_TIMEOUT, "retryOn": REPEATABLE},
    }
    writes = {
        "name": "write",
        "route": [{"destination": destination}],
        "timeout": REQUEST_TIMEOUT,
        "retries": {"attempts": 2, "retryOn": NEVER_REACHED},
    }
    spec = {"hosts": [public], "gateways": [names.API], "http": [reads, writes]}
    return _object("VirtualService", names.API, spec)


def _api_policy() -> dict[str, Any]:
    return {
        "tls": {"mode": "ISTIO_MUTUAL"},
        "loadBalancer": {"simple": "LEAST_REQUEST", "localityLbSetting": _NEAREST},
        "connectionPool": {
            "tcp": {"maxConnections": 10000, "connectTimeout": "3s"},
            "http": {"http1MaxPendingRequests": 1024, "http2MaxRequests": 10000, "idleTimeout": "5m"},
        },
        "outlierDetection": {
            "consecutive5xxErrors": 5,
            "interval": "10s",
            "baseEjectionTime": "30s",
            "maxEjectionPercent": 50,
        },
    }


def _consensus_policy(region: Region) -> dict[str, Any]:
    return {
        "tls": {"mode": "ISTIO_MUTUAL"},
        "loadBalancer": {"simple": "LEAST_REQUEST", "localityLbSetting": _NEAREST},
        "connectionPool": {
            "tcp": {"maxConnections": 1024, "connectTimeout": "2s"},
            "http": {"http2MaxRequests": 1024, "idleTimeout": "5m"},
        },
        # Only failures of the connection count: a member without a leader answers 503 and is not broken.
        "outlierDetection": {
            "splitExternalLocalOriginErrors": True,
            "consecutiveLocalOriginFailures": 5,
            "consecutive5xxErrors": 0,
            "consecutiveGatewayErrors": 0,
            "interval": "5s",
            "baseEjectionTime": "15s",
            "maxEjectionPercent": max_ejection_percent(region.dwcp.acp.nodes),
        },
    }


def _headless_policy() -> dict[str, Any]:
    # Members are called one by one, by name: there is nothing to balance or to eject.
    return {
        "tls": {"mode": "ISTIO_MUTUAL"},
        "connectionPool": {"tcp": {"connectTimeout": "2s"}},
    }


def _destination_rule(service: str, policy: dict[str, Any]) -> Manifest:
    return _object("DestinationRule", service, {"host": host(service), "trafficPolicy": policy})


def _object(kind: str, name: str, spec: dict[str, Any]) -> Manifest:
    return manifest(
        API_VERSION,
        kind,
        name,
        app=names.PRODUCT,
        component="mesh",
        wave=Wave.TRAFFIC,
        namespace=names.NAMESPACE,
        spec=spec,
    )
