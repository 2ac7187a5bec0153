"""The real Argo CD, as processes: repository server, two controllers, API server, and a cache."""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.apply import apply_definitions
from tests.e2e.control_plane import ControlPlane
from tests.e2e.kubectl import Object, run
from tests.e2e.ports import Ports
from tests.e2e.processes import Supervisor
from tests.e2e.wait import until

NAMESPACE = "argocd"

# How often Argo CD asks Git for news by itself; in production 2-3 minutes or a webhook.
POLL = "5s"


@dataclass(frozen=True, kw_only=True)
class Argo:
    """A running Argo CD.

    Attributes:
        hub: The cluster that holds its Applications.
        server: Address of its API server, for the CLI.
    """

    hub: ControlPlane
    server: str
    binaries: Path
    environment: dict[str, str]

    def cli(self, *words: str) -> str:
        """`argocd <words>`; returns its standard output."""
        return run(
            [self.binaries / "argocd", *words, "--server", self.server, "--plaintext"],
            environment=self.environment,
            seconds=300,
        )

    def applications(self) -> dict[str, Object]:
        """All Applications by name."""
        found = self.hub.kubectl.items("applications.argoproj.io", "-n", NAMESPACE)
        return {app["metadata"]["name"]: app for app in found}

    def application(self, name: str) -> Object:
        """One Application."""
        return self.hub.kubectl.get("applications.argoproj.io", name, "-n", NAMESPACE)

    def refresh(self, *names: str) -> None:
        """Ask for a comparison with Git now, as a webhook would."""
        self.hub.kubectl(
            "annotate",
            "applications.argoproj.io",
            *(names or ["--all"]),
            "-n",
            NAMESPACE,
            "--overwrite",
            "argocd.argoproj.io/refresh=normal",
        )

    def until_settled(self, names: Sequence[str], *, seconds: float, revision: str | None = None) -> None:
        """Wait until these Applications exist and are Synced and Healthy, at `revision` if it is given."""

        def settled() -> bool:
            there = self.applications()
            return all(name in there and is_settled(there[name], revision) for name in names)

        def seen() -> str:
            there = self.applications()
            return "\n".join(describe(there.get(name), name) for name in names)

        until("Applications Synced and Healthy", settled, seconds=seconds, seen=seen, interval=1)


def is_settled(app: Object, revision: str | None = None) -> bool:
    """Synced, Healthy, no operation running, and compared with `revision` if it is given."""
    status = app.get("status", {})
    sync = status.get("sync", {})
    running = "operation" in app or status.get("operationState", {}).get("phase") == "Running"
    return bool(
        sync.get("status") == "Synced"
        and status.get("health", {}).get("status") == "Healthy"
        and not running
        and (revision is None or sync.get("revision") == revision)
    )


def describe(app: Object | None, name: str) -> str:
    """A line or more on what an Application waits for."""
    if app is None:
        return f"{name}: does not exist"
    status = app.get("status", {})
    sync = status.get("sync", {})
    health = status.get("health", {}).get("status")
    lines = [f"{name}: {sync.get('status')} {health} at {sync.get('revision', '')[:8]}"]
    operation = status.get("operationState", {})
    if operation.get("phase") not in (None, "Succeeded"):
        lines.append(f"  operation {operation['phase']}: {operation.get('message', '')[:1500]}")
    lines += [f"  {c['type']}: {c['message'][:600]}" for c in status.get("conditions", [])]
    for resource in status.get("resources", []):
        health = resource.get("health", {}).get("status", "Healthy")
        if resource.get("status") != "Synced" or health != "Healthy":
            where = f"{resource.get('namespace', '')}/{resource['name']}"
            lines.append(f"  {resource['kind']} {where}: {resource.get('status')} {health}")
    return "\n".join(lines[:25])


def start_argo(
    supervisor: Supervisor,
    binaries: Path,
    ports: Ports,
    hub: ControlPlane,
    definitions: Sequence[Object],
    settings: dict[str, str],
) -> Argo:
    """Start Argo CD on a hub cluster.

    Args:
        supervisor: Owns the processes.
        binaries: Holds the executables.
        ports: Free ports.
        hub: Where its objects live; its own namespace is made here, as the deployment guide does.
        definitions: The CRDs of Argo CD's kinds.
        settings: Entries of `argocd-cm` that an installation has already.
    """
    folder = supervisor.folder / "argo"
    (folder / "tmp").mkdir(parents=True)
    apply_definitions(hub.kubectl, definitions)
    hub.kubectl.apply(_installation(settings))
    environment = _environment(hub, folder, binaries)
    redis, repo, metrics = ports.take(), ports.take(), [ports.take() for _ in range(6)]
    redis_address, repo_address = f"127.0.0.1:{redis}", f"127.0.0.1:{repo}"
    log = ["--logformat=text", "--loglevel=info"]
    kubeconfig = f"--kubeconfig={hub.kubeconfig}"
    supervisor.start("redis", [binaries / "redis-server", f"-port={redis}"])
    server_port = ports.take()
    supervisor.start(
        "argocd-repo-server",
        [
            binaries / "argocd-repo-server",
            "--address=127.0.0.1",
            f"--port={repo}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={metrics[0]}",
            f"--redis={redis_address}",
            "--disable-tls",
            "--client-ca-path=",
            *log,
        ],
        environment=environment,
    )
    supervisor.start(
        "argocd-application-controller",
        [
            binaries / "argocd-application-controller",
            kubeconfig,
            f"--namespace={NAMESPACE}",
            f"--redis={redis_address}",
            f"--repo-server={repo_address}",
            "--repo-server-plaintext",
            f"--metrics-port={metrics[1]}",
            *log,
        ],
        environment=environment,
    )
    supervisor.start(
        "argocd-applicationset-controller",
        [
            binaries / "argocd-applicationset-controller",
            kubeconfig,
            f"--namespace={NAMESPACE}",
            f"--argocd-repo-server={repo_address}",
            "--repo-server-plaintext",
            "--enable-progressive-syncs",
            f"--metrics-addr=127.0.0.1:{metrics[2]}",
            f"--probe-addr=127.0.0.1:{metrics[3]}",
            f"--webhook-addr=127.0.0.1:{metrics[4]}",
            *log,
        ],
        environment=environment,
    )
    server = supervisor.start(
        "argocd-server",
        [
            binaries / "argocd-server",
            kubeconfig,
            f"--namespace={NAMESPACE}",
            "--address=127.0.0.1",
            f"--port={server_port}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={metrics[5]}",
            f"--redis={redis_address}",
            f"--repo-server={repo_address}",
            "--repo-server-plaintext",
            "--insecure",
            "--disable-auth",
            *log,
        ],
        environment=environment,
    )
    supervisor.ready(server, lambda: _healthy(f"http://127.0.0.1:{server_port}/healthz"), seconds=90)
    supervisor.assert_all_run()
    return Argo(hub=hub, server=f"127.0.0.1:{server_port}", binaries=binaries, environment=environment)


def cluster_secret(name: str, cluster: ControlPlane) -> Object:
    """The Secret by which Argo CD knows a cluster, as `argocd cluster add` writes it."""
    authority = base64.b64encode(cluster.certificate.read_bytes()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"cluster-{name}",
            "namespace": NAMESPACE,
            "labels": {"argocd.argoproj.io/secret-type": "cluster"},
        },
        "stringData": {
            "name": name,
            "server": cluster.server,
            "config": json.dumps({"bearerToken": cluster.token, "tlsClientConfig": {"caData": authority}}),
        },
    }


def _installation(settings: dict[str, str]) -> list[Object]:
    labels = {"app.kubernetes.io/part-of": "argocd"}

    def config_map(name: str, data: dict[str, str]) -> Object:
        metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    def secret(name: str, data: dict[str, str]) -> Object:
        metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}

    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        config_map("argocd-cm", settings),
        *(
            config_map(f"argocd-{name}-cm", {})
            for name in ("rbac", "ssh-known-hosts", "tls-certs", "gpg-keys", "cmd-params")
        ),
        secret("argocd-secret", {"server.secretkey": base64.b64encode(os.urandom(32)).decode()}),
        secret("argocd-redis", {"auth": ""}),
    ]


def _environment(hub: ControlPlane, folder: Path, binaries: Path) -> dict[str, str]:
    wrapper = folder / "git-verify-wrapper.sh"
    # The image ships one, which takes a missing signature for an answer and not for an error.
    wrapper.write_text('#!/bin/sh\ngit verify-commit "$@" 2>&1 || :\n')
    wrapper.chmod(0o755)
    return {
        "KUBECONFIG": str(hub.kubeconfig),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "PATH": f"{folder}{os.pathsep}{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        # Its own cluster is the one of the kubeconfig, although it runs in no pod.
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_PLUGINSOCKFILEPATH": str(folder / "tmp"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "tmp"),
        "ARGOCD_TLS_DATA_PATH": str(folder / "tmp"),
        "ARGOCD_RECONCILIATION_TIMEOUT": POLL,
        "ARGOCD_RECONCILIATION_JITTER": "0s",
    }


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
