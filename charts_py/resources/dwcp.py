"""The DWCP agents: one on every node, their configuration, and the gateway that other regions dial."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import yaml

from charts_py.contract import commands, labels, lifetimes, names, ports
from charts_py.contract.dwcp import AgentConfig
from charts_py.contract.manifest import Manifest
from charts_py.contract.quantity import canonical
from charts_py.contract.region import Region
from charts_py.contract.setting import plain
from charts_py.contract.waves import Wave
from charts_py.contract.workloads import AgentVolume
from charts_py.resources import certificates, host_network, peers, pods, sidecar
from charts_py.resources.objects import manifest

COMPONENT: Final = "network"

_object: Final = partial(manifest, namespace=names.NAMESPACE, app=names.DWCP, component=COMPONENT)
CONFIG_VOLUME: Final = "config"

SYSCTLS: Final = (
    ("net.ipv4.tcp_rmem", "4096 131072 16777216"),
    ("net.ipv4.tcp_wmem", "4096 65536 16777216"),
)
"""Minimum, default and maximum of a stream's buffers, in bytes. 16 MiB keep 1 Gbit/s busy over 134 ms round
trip. Both are safe sysctls since Kubernetes 1.32 and Linux 4.15, so Pod Security `restricted` admits them."""

_CLOUD_ANNOTATIONS: Final = {
    "aws": {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled": "true",
    }
}
"""AWS's default balancer is closed to new clusters and ends idle streams after a minute. Google's and Azure's
defaults pass TCP through."""

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def manifests(region: Region) -> list[Manifest]:
    """The agents of one region; nothing where DWCP is off."""
    if not region.dwcp.enabled:
        return []
    return [
        _object("v1", "ServiceAccount", names.DWCP, wave=Wave.IDENTITIES, automountServiceAccountToken=False),
        *certificates.of(region, names.DWCP, component=COMPONENT),
        _config_map(_config_text(region)),
        _daemon_set(region),
        _admin_service(),
        _gateway(region),
    ]


def agent_config(region: Region) -> AgentConfig:
    """What the region's agents are told."""
    return AgentConfig(
        environment=region.environment,
        region=region.name,
        amst=region.dwcp.amst,
        hde=region.dwcp.hde,
        networking=region.dwcp.networking,
        peers=region.peers,
    )


def _config_text(region: Region) -> str:
    return str(
        yaml.dump(plain(agent_config(region)), Dumper=_Dumper, sort_keys=False, default_flow_style=False)
    )


def _config_map(config: str) -> Manifest:
    return _object(
        "v1",
        "ConfigMap",
        names.DWCP_CONFIG,
        wave=Wave.CONFIGURATION,
        data={names.DWCP_CONFIG_FILE: config},
    )


def _daemon_set(region: Region) -> Manifest:
    return _object(
        "apps/v1",
        "DaemonSet",
        names.DWCP,
        wave=Wave.NETWORK,
        version=region.version,
        annotations={
            **pods.certificate_annotations(region, names.DWCP),
            **host_network.explanation(region),
        },
        spec={
            "revisionHistoryLimit": 5,
            "minReadySeconds": 10,
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"},
            },
            "selector": {"matchLabels": labels.selector(names.DWCP)},
            "template": {
                "metadata": pods.metadata(
                    labels={
                        **labels.standard(names.DWCP, component=COMPONENT),
                        **sidecar.pod_labels(region, names.DWCP),
                    },
                    # No hash of the configuration: agents read it again by themselves, and the files of a
                    # pod's own volume would go with the pod.
                    annotations=sidecar.pod_annotations(region, names.DWCP),
                ),
                "spec": _pod(region),
            },
        },
    )


def _pod(region: Region) -> dict[str, Any]:
    """On every node, whatever its taints: an agent moves the data of the machines on its own node."""
    security = pods.pod_security()
    if not region.dwcp.networking.host_network:
        security["sysctls"] = [{"name": name, "value": value} for name, value in SYSCTLS]
    return {
        "serviceAccountName": names.DWCP,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": names.PRIORITY_CRITICAL,
        "terminationGracePeriodSeconds": lifetimes.AGENT_GRACE_SECONDS,
        **host_network.pod_fields(region),
        "securityContext": security,
        "tolerations": [{"operator": "Exists"}],
        "containers": [_container(region)],
        "volumes": [
            {"name": CONFIG_VOLUME, "configMap": {"name": names.DWCP_CONFIG}},
            pods.tls_volume(names.DWCP),
            _data_volume(region.agent.volume),
            pods.tmp_volume(),
        ],
    }


def _container(region: Region) -> dict[str, Any]:
    return {
        "name": names.DWCP_CONTAINER,
        "image": region.image("dwcp-network"),
        "imagePullPolicy": "IfNotPresent",
        "args": commands.arguments("network"),
        "env": [
            {"name": commands.CONFIG_VARIABLE, "value": f"{commands.CONFIG_MOUNT}/{names.DWCP_CONFIG_FILE}"}
        ],
        "ports": host_network.container_ports(region, names.DWCP),
        "resources": region.agent.resources.manifest(),
        **pods.probes(names.DWCP, startup_seconds=60),
        "lifecycle": pods.pre_stop_sleep(lifetimes.AGENT_PRE_STOP_SECONDS),
        "securityContext": pods.container_security(),
        "volumeMounts": [
            {"name": CONFIG_VOLUME, "mountPath": commands.CONFIG_MOUNT, "readOnly": True},
            pods.tls_mount(),
            {"name": names.DWCP_DATA, "mountPath": commands.DATA_MOUNT},
            pods.tmp_mount(),
        ],
    }


def _data_volume(volume: AgentVolume) -> dict[str, Any]:
    """Where files are sent from and arrive. It outlives the container and goes with the pod: what would stay
    on the node is refused by Pod Security `restricted`. Claims are left out of backups: their files are
    copies, and as many disks as there are nodes would be copied every hour."""
    if volume.size is None:
        return {"name": names.DWCP_DATA, "emptyDir": {"sizeLimit": canonical(volume.capacity)}}
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"]}
    if volume.storage_class is not None:
        spec["storageClassName"] = volume.storage_class
    spec["volumeMode"] = "Filesystem"
    spec["resources"] = {"requests": {"storage": canonical(volume.capacity)}}
    claim = {
        "metadata": {
            "labels": {**labels.standard(names.DWCP, component=COMPONENT), labels.NO_BACKUP: "true"}
        },
        "spec": spec,
    }
    return {"name": names.DWCP_DATA, "ephemeral": {"volumeClaimTemplate": claim}}


def _admin_service() -> Manifest:
    """Each agent by itself: a transfer is started and followed on one certain node."""
    return _object(
        "v1",
        "Service",
        names.DWCP,
        wave=Wave.NETWORK,
        spec={
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": labels.selector(names.DWCP),
            "ports": [pods.service_port(ports.DWCP_ADMIN)],
        },
    )


def _gateway(region: Region) -> Manifest:
    """Where other regions connect. It is exposed only if the fleet says at which endpoint.

    `Local` keeps the sender's address, by which network policies admit it; every node has an agent anyway.
    It comes a wave behind the agents: Argo CD ends a sync as soon as its last wave is applied, so without one
    behind them the next region would not wait until these agents run.
    """
    endpoint = region.network.dwcp_endpoint
    port = ports.DWCP_TRANSPORT
    if endpoint is None:
        spec: dict[str, Any] = {"type": "ClusterIP"}
        number = port.number
    else:
        spec = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
        senders = peers.known_senders(region)
        if senders:
            spec["loadBalancerSourceRanges"] = senders
        number = int(endpoint.rpartition(":")[2])
    return _object(
        "v1",
        "Service",
        names.DWCP_GATEWAY,
        wave=Wave.TRAFFIC,
        annotations=_CLOUD_ANNOTATIONS.get(region.provider) if endpoint is not None else None,
        spec={
            **spec,
            "selector": labels.selector(names.DWCP),
            "ports": [pods.service_port(port, number=number)],
        },
    )
