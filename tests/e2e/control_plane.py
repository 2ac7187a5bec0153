"""A real Kubernetes control plane: etcd, and API servers that share it, each with its controllers."""

from __future__ import annotations

import base64
import secrets
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.e2e.kubectl import Kubectl
from tests.e2e.ports import Ports
from tests.e2e.processes import Process, Supervisor

# DER of an RFC 5915 private key on P-256 around its 32 secret bytes. The public point may be left out, and
# whoever reads the key computes it; so no key generator is needed.
_EC_HEAD = bytes.fromhex("303102010104 20".replace(" ", ""))
_EC_TAIL = bytes.fromhex("a00a06082a8648ce3d030107")


@dataclass(frozen=True, kw_only=True)
class Etcd:
    """A running etcd."""

    url: str
    process: Process


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """A running API server with its controllers.

    Attributes:
        name: The cluster's name, also in its kubeconfig.
        server: URL of the API server.
        certificate: PEM file that its TLS certificate is checked against.
        key: PEM file of that certificate's private key.
        token: Bearer token of a cluster administrator.
        kubeconfig: For everything that connects to it.
        kubectl: kubectl with that kubeconfig.
    """

    name: str
    server: str
    certificate: Path
    key: Path
    token: str
    kubeconfig: Path
    kubectl: Kubectl


def start_etcd(supervisor: Supervisor, binaries: Path, ports: Ports) -> Etcd:
    """Start etcd without fsync: what it holds need not survive the run."""
    client, peer = ports.take(), ports.take()
    url = f"http://127.0.0.1:{client}"
    process = supervisor.start(
        "etcd",
        [
            binaries / "etcd",
            f"--data-dir={supervisor.folder / 'etcd'}",
            "--unsafe-no-fsync",
            "--quota-backend-bytes=4294967296",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            "--log-level=warn",
        ],
    )
    supervisor.ready(process, lambda: _answers(f"{url}/readyz"))
    return Etcd(url=url, process=process)


def start_control_plane(
    supervisor: Supervisor,
    binaries: Path,
    ports: Ports,
    etcd: Etcd,
    name: str,
    *,
    controllers: bool = True,
) -> ControlPlane:
    """Start an API server with a keyspace of its own in etcd, and the controller manager and scheduler.

    Args:
        supervisor: Owns the processes and their folder.
        binaries: Holds the executables.
        ports: Free ports.
        etcd: Shared by all control planes of the run.
        name: Name of the cluster.
        controllers: False leaves the controller manager and the scheduler out (a hub runs no workloads).
    """
    folder = supervisor.folder / name
    folder.mkdir()
    token = secrets.token_urlsafe(24)
    tokens = _private(folder / "tokens.csv", f'{token},admin,admin,"system:masters"\n')
    signing_key = _private(folder / "service-account.pem", new_signing_key())
    port = ports.take()
    server = f"https://127.0.0.1:{port}"
    apiserver = supervisor.start(
        f"{name}-apiserver",
        [
            binaries / "kube-apiserver",
            f"--etcd-servers={etcd.url}",
            f"--etcd-prefix=/{name}",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            # Its own address is on the loopback, which an Endpoints object may not hold.
            "--endpoint-reconciler-type=none",
            f"--cert-dir={folder}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={tokens}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={signing_key}",
            f"--service-account-signing-key-file={signing_key}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--allow-privileged=true",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-certificate-authority=",
        ],
    )
    certificate = folder / "apiserver.crt"
    supervisor.ready(apiserver, lambda: _answers(f"{server}/readyz", token))
    kubeconfig = write_kubeconfig(folder / "kubeconfig", name, server, certificate, token)
    if controllers:
        _start_controllers(supervisor, binaries, name, kubeconfig, certificate, signing_key)
    environment = {"KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(folder / "cache")}
    return ControlPlane(
        name=name,
        server=server,
        certificate=certificate,
        key=folder / "apiserver.key",
        token=token,
        kubeconfig=kubeconfig,
        kubectl=Kubectl(binary=binaries / "kubectl", environment=environment),
    )


def _start_controllers(
    supervisor: Supervisor, binaries: Path, name: str, kubeconfig: Path, certificate: Path, signing_key: Path
) -> None:
    supervisor.start(
        f"{name}-controller-manager",
        [
            binaries / "kube-controller-manager",
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            f"--service-account-private-key-file={signing_key}",
            f"--root-ca-file={certificate}",
            "--secure-port=0",
            # Played nodes send no heartbeats, and pods of a node that is thought gone are no longer Ready.
            "--node-monitor-grace-period=24h",
            # The default of 20 requests a second makes about 50 pods a minute.
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            "--horizontal-pod-autoscaler-sync-period=2s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=0s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=0s",
        ],
    )
    supervisor.start(
        f"{name}-scheduler",
        [
            binaries / "kube-scheduler",
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ],
    )


def write_kubeconfig(path: Path, name: str, server: str, certificate: Path, token: str) -> Path:
    """Write a kubeconfig with one cluster, one user and one context, all called `name`."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": server, "certificate-authority": str(certificate)}}
        ],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return _private(path, yaml.safe_dump(config, sort_keys=False))


def new_signing_key() -> str:
    """A new P-256 private key in PEM, for the tokens of service accounts."""
    # Below 2**255 and so below the curve's order; never 0.
    secret = (secrets.randbits(255) or 1).to_bytes(32, "big")
    body = base64.encodebytes(_EC_HEAD + secret + _EC_TAIL).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{body}-----END EC PRIVATE KEY-----\n"


def _private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _answers(url: str, token: str | None = None) -> bool:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # The server makes its certificate while it starts; whether it is up is all that is asked here.
    context = ssl._create_unverified_context() if url.startswith("https") else None
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
