"""The resource and custom metrics APIs, played: what metrics-server and the Prometheus adapter would answer.

The real horizontal autoscaler and `kubectl top` read it through the API server's own aggregation. Load is a
number that a test sets, so that scaling is something the real controller decides from it.
"""

from __future__ import annotations

import json
import ssl
import threading
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.e2e.control_plane import ControlPlane
from tests.e2e.kubectl import Object

SERVICE = "played-metrics"
RESOURCE_GROUP = "metrics.k8s.io/v1beta1"
CUSTOM_GROUP = "custom.metrics.k8s.io/v1beta2"

_CPU = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_BYTES = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9}


@dataclass(kw_only=True)
class Load:
    """How busy each pod is said to be.

    Attributes:
        cpu: CPU use as a share of the request; 0.7 is what the API's autoscaler aims at.
        custom: Value of every custom metric, per pod.
    """

    cpu: float = 0.7
    custom: float = 1000


class MetricsApi:
    """Serves both APIs for one cluster on this machine, registered with its API server."""

    def __init__(self, cluster: ControlPlane) -> None:
        self.load = Load()
        self._cluster = cluster
        self._trust = ssl.create_default_context(cafile=str(cluster.certificate))
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                try:
                    found = answer(self.path)
                    code = 200 if found else 404
                except OSError:
                    # The API server, which is asked for the pods, is on its way out.
                    found, code = None, 503
                body = json.dumps(found or {"kind": "Status", "status": "Failure", "code": code}).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(cluster.certificate, cluster.key)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> MetricsApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        port = self._server.server_address[1]
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVICE, "namespace": "kube-system"},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }
        self._cluster.kubectl.apply(
            [service, *(_registration(g, port) for g in (RESOURCE_GROUP, CUSTOM_GROUP))]
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str) -> Object | None:
        url = urllib.parse.urlsplit(path)
        words = [urllib.parse.unquote(word) for word in url.path.strip("/").split("/")]
        group, rest = "/".join(words[1:3]), words[3:]
        match group, rest:
            case "metrics.k8s.io/v1beta1", []:
                return _resources(group, [("nodes", False, "NodeMetrics"), ("pods", True, "PodMetrics")])
            case "custom.metrics.k8s.io/v1beta2", []:
                return _resources(group, [("pods/*", True, "MetricValueList")])
            case "metrics.k8s.io/v1beta1", ["nodes"]:
                nodes = self._list("/api/v1/nodes", url.query)
                return _list("NodeMetricsList", group, [self._node(node) for node in nodes])
            case "metrics.k8s.io/v1beta1", ["pods"]:
                pods = self._list("/api/v1/pods", url.query)
                return _list("PodMetricsList", group, [self._pod(pod) for pod in pods])
            case "metrics.k8s.io/v1beta1", ["namespaces", namespace, "pods"]:
                pods = self._list(f"/api/v1/namespaces/{namespace}/pods", url.query)
                return _list("PodMetricsList", group, [self._pod(pod) for pod in pods])
            case "custom.metrics.k8s.io/v1beta2", ["namespaces", namespace, "pods", "*", metric]:
                pods = self._list(f"/api/v1/namespaces/{namespace}/pods", url.query)
                return _list("MetricValueList", group, [self._value(pod, metric) for pod in pods])
        return None

    def _list(self, path: str, query: str) -> list[Object]:
        selector = urllib.parse.parse_qs(query).get("labelSelector", [""])[0]
        url = f"{self._cluster.server}{path}?{urllib.parse.urlencode({'labelSelector': selector})}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self._cluster.token}"})
        with urllib.request.urlopen(request, timeout=10, context=self._trust) as answer:
            items: list[Object] = json.load(answer)["items"]
        return items

    def _node(self, node: Object) -> Object:
        return {
            "metadata": {"name": node["metadata"]["name"]},
            "timestamp": _now(),
            "window": "15s",
            "usage": {"cpu": "250m", "memory": "512Mi"},
        }

    def _pod(self, pod: Object) -> Object:
        containers = []
        for container in pod["spec"]["containers"]:
            requests = container.get("resources", {}).get("requests", {})
            cpu = _number(requests.get("cpu", "100m"), _CPU) * self.load.cpu
            memory = _number(requests.get("memory", "64Mi"), _BYTES) / 2
            usage = {"cpu": f"{cpu * 1e9:.0f}n", "memory": f"{memory / 1024:.0f}Ki"}
            containers.append({"name": container["name"], "usage": usage})
        metadata = {key: pod["metadata"].get(key) for key in ("name", "namespace", "labels")}
        return {"metadata": metadata, "timestamp": _now(), "window": "15s", "containers": containers}

    def _value(self, pod: Object, metric: str) -> Object:
        metadata = pod["metadata"]
        return {
            "describedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
            },
            "metric": {"name": metric},
            "timestamp": _now(),
            "value": f"{self.load.custom * 1000:.0f}m",
        }


def _registration(group_version: str, port: int) -> Object:
    group, version = group_version.split("/")
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": SERVICE, "namespace": "kube-system", "port": port},
        },
    }


def _resources(group: str, entries: list[tuple[str, bool, str]]) -> Object:
    resources = [
        {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]}
        for name, namespaced, kind in entries
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": resources}


def _list(kind: str, group: str, items: list[Any]) -> Object:
    return {"kind": kind, "apiVersion": group, "metadata": {}, "items": items}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(quantity: str, units: dict[str, Any]) -> float:
    digits = quantity.rstrip("abcdefghijklmnopqrstuvwxyzKMGTPE")
    return float(digits) * float(units[quantity[len(digits) :]])
