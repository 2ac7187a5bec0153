"""The published Pod Security Standards as pure functions over one pod, as Kubernetes 1.35 to 1.37 apply them.

Each control yields (field below the pod, what is wrong); a pod passes when nothing is yielded. Field paths
start at the pod spec, or at `metadata.annotations`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from charts_py.tree.checks.shape import at, mapping, mappings, number, text, texts

Level = Literal["privileged", "baseline", "restricted"]
LATEST: Final = 37
LEVELS: Final[tuple[Level, ...]] = ("privileged", "baseline", "restricted")


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod as the standards see it."""

    spec: Mapping[str, Any]
    annotations: Mapping[str, str]
    minor: int = LATEST
    """The minor version of Kubernetes 1 whose standards the namespace enforces."""

    def containers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every container, init and ephemeral ones included, with its field."""
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for index, container in mappings(self.spec, kind):
                yield f"{kind}[{index}]", container

    def contexts(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The pod's and every container's security context with its field."""
        yield "securityContext", mapping(self.spec, "securityContext")
        for field, container in self.containers():
            yield f"{field}.securityContext", mapping(container, "securityContext")

    @property
    def is_windows(self) -> bool:
        """Whether the pod says that it runs on Windows."""
        return text(self.spec, "os", "name") == "windows"

    @property
    def has_user_namespace(self) -> bool:
        """Whether root inside is nobody outside, for which some controls are relaxed."""
        return at(self.spec, "hostUsers") is False


Violation = tuple[str, str]
Control = Callable[[Pod], Iterator[Violation]]

BASELINE_CAPABILITIES: Final = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
SELINUX_TYPES: Final = frozenset(
    ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]
)
SAFE_SYSCTLS: Final = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    ]
)
SAFE_SYSCTLS_SINCE_37: Final = frozenset(["net.ipv4.tcp_notsent_lowat", "net.ipv4.tcp_slow_start_after_idle"])
RESTRICTED_VOLUMES: Final = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ]
)
APPARMOR_ANNOTATION: Final = "container.apparmor.security.beta.kubernetes.io/"


def host_process(pod: Pod) -> Iterator[Violation]:
    """Windows pods don't run as host processes."""
    for field, context in pod.contexts():
        if at(context, "windowsOptions", "hostProcess") is True:
            yield f"{field}.windowsOptions.hostProcess", "must not be true"


def host_namespaces(pod: Pod) -> Iterator[Violation]:
    """Pods don't share the node's network, process or IPC namespace."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field) is True:
            yield field, "must not be true"


def privileged(pod: Pod) -> Iterator[Violation]:
    """Containers aren't privileged."""
    for field, container in pod.containers():
        if at(container, "securityContext", "privileged") is True:
            yield f"{field}.securityContext.privileged", "must not be true"


def baseline_capabilities(pod: Pod) -> Iterator[Violation]:
    """Containers add only capabilities of the default set."""
    for field, container in pod.containers():
        for index, capability in texts(container, "securityContext", "capabilities", "add"):
            if capability not in BASELINE_CAPABILITIES:
                allowed = ", ".join(sorted(BASELINE_CAPABILITIES))
                yield (
                    f"{field}.securityContext.capabilities.add[{index}]",
                    f"{capability} is not one of {allowed}",
                )


def host_path_volumes(pod: Pod) -> Iterator[Violation]:
    """No volume is a directory of the node."""
    for index, volume in mappings(pod.spec, "volumes"):
        if volume.get("hostPath") is not None:
            yield f"volumes[{index}].hostPath", "volumes of the node are not allowed"


def host_ports(pod: Pod) -> Iterator[Violation]:
    """No container takes a port of the node."""
    for field, container in pod.containers():
        for index, port in mappings(container, "ports"):
            if number(port, "hostPort"):
                yield f"{field}.ports[{index}].hostPort", "must be unset or 0"


def host_probes(pod: Pod) -> Iterator[Violation]:
    """Probes and lifecycle handlers ask the pod itself, never another host."""
    for field, container in pod.containers():
        handlers = [
            (name, mapping(container, name)) for name in ("livenessProbe", "readinessProbe", "startupProbe")
        ]
        for hook in ("postStart", "preStop"):
            handlers.append((f"lifecycle.{hook}", mapping(container, "lifecycle", hook)))
        for name, handler in handlers:
            for action in ("httpGet", "tcpSocket"):
                if text(handler, action, "host"):
                    yield f"{field}.{name}.{action}.host", "must be unset"


def app_armor(pod: Pod) -> Iterator[Violation]:
    """AppArmor profiles aren't disabled."""
    for field, context in pod.contexts():
        profile = text(context, "appArmorProfile", "type")
        if profile not in ("", "RuntimeDefault", "Localhost"):
            yield f"{field}.appArmorProfile.type", f"{profile} is not one of RuntimeDefault, Localhost"
    for key, value in pod.annotations.items():
        allowed = value in ("", "runtime/default") or value.startswith("localhost/")
        if key.startswith(APPARMOR_ANNOTATION) and not allowed:
            yield f"metadata.annotations[{key}]", f"{value} is not runtime/default or localhost/*"


def se_linux(pod: Pod) -> Iterator[Violation]:
    """SELinux types are the container ones; user and role aren't set."""
    for field, context in pod.contexts():
        options = mapping(context, "seLinuxOptions")
        kind = text(options, "type")
        if kind not in SELINUX_TYPES:
            allowed = ", ".join(sorted(SELINUX_TYPES - {""}))
            yield f"{field}.seLinuxOptions.type", f"{kind} is not one of {allowed}"
        for part in ("user", "role"):
            if text(options, part):
                yield f"{field}.seLinuxOptions.{part}", "must be unset"


def proc_mount(pod: Pod) -> Iterator[Violation]:
    """/proc is masked; with a user namespace the baseline leaves it to the pod."""
    if not pod.has_user_namespace:
        yield from restricted_proc_mount(pod)


def restricted_proc_mount(pod: Pod) -> Iterator[Violation]:
    """/proc is masked."""
    for field, container in pod.containers():
        mount = text(container, "securityContext", "procMount")
        if mount not in ("", "Default"):
            yield f"{field}.securityContext.procMount", f"{mount} is not allowed; leave it unset or Default"


def baseline_seccomp(pod: Pod) -> Iterator[Violation]:
    """Seccomp isn't switched off."""
    for field, context in pod.contexts():
        profile = text(context, "seccompProfile", "type")
        if profile not in ("", "RuntimeDefault", "Localhost"):
            yield f"{field}.seccompProfile.type", f"{profile} is not one of RuntimeDefault, Localhost"


def sysctls(pod: Pod) -> Iterator[Violation]:
    """Only sysctls that are safe on a shared node are set."""
    safe = SAFE_SYSCTLS | SAFE_SYSCTLS_SINCE_37 if pod.minor >= 37 else SAFE_SYSCTLS
    for index, sysctl in mappings(pod.spec, "securityContext", "sysctls"):
        if text(sysctl, "name") not in safe:
            yield (
                f"securityContext.sysctls[{index}].name",
                f"{text(sysctl, 'name')} is not one of {', '.join(sorted(safe))}",
            )


def restricted_volumes(pod: Pod) -> Iterator[Violation]:
    """Volumes are of the kinds that need nothing of the node."""
    for index, volume in mappings(pod.spec, "volumes"):
        for source in volume:
            if source != "name" and source not in RESTRICTED_VOLUMES:
                yield f"volumes[{index}].{source}", f"allowed are {', '.join(sorted(RESTRICTED_VOLUMES))}"


def privilege_escalation(pod: Pod) -> Iterator[Violation]:
    """Containers say that they can't gain privileges."""
    if pod.is_windows:
        return
    for field, container in pod.containers():
        if at(container, "securityContext", "allowPrivilegeEscalation") is not False:
            yield f"{field}.securityContext.allowPrivilegeEscalation", "must be false"


def run_as_non_root(pod: Pod) -> Iterator[Violation]:
    """Containers run as a user other than root, by their own word or the pod's."""
    if pod.has_user_namespace:
        return
    of_pod = at(pod.spec, "securityContext", "runAsNonRoot")
    if of_pod is False:
        yield "securityContext.runAsNonRoot", "must be true"
    for field, container in pod.containers():
        own = at(container, "securityContext", "runAsNonRoot")
        if own is False or (own is None and of_pod is None):
            yield f"{field}.securityContext.runAsNonRoot", "must be true here or on the pod"


def run_as_user(pod: Pod) -> Iterator[Violation]:
    """No user id is 0."""
    if pod.has_user_namespace:
        return
    for field, context in pod.contexts():
        if number(context, "runAsUser") == 0:
            yield f"{field}.runAsUser", "must not be 0"


def restricted_seccomp(pod: Pod) -> Iterator[Violation]:
    """Every container has a seccomp profile, by its own word or the pod's."""
    if pod.is_windows:
        return
    of_pod = text(pod.spec, "securityContext", "seccompProfile", "type")
    for field, container in pod.containers():
        own = text(container, "securityContext", "seccompProfile", "type")
        if not (own or of_pod):
            yield f"{field}.securityContext.seccompProfile.type", "must be RuntimeDefault or Localhost"


def restricted_capabilities(pod: Pod) -> Iterator[Violation]:
    """Containers drop ALL capabilities and add at most NET_BIND_SERVICE."""
    if pod.is_windows:
        return
    for field, container in pod.containers():
        base = f"{field}.securityContext.capabilities"
        capabilities = mapping(container, "securityContext", "capabilities")
        if "ALL" not in {dropped for _, dropped in texts(capabilities, "drop")}:
            yield f"{base}.drop", "must contain ALL"
        for index, added in texts(capabilities, "add"):
            if added != "NET_BIND_SERVICE":
                yield f"{base}.add[{index}]", f"{added} is not NET_BIND_SERVICE"


BASELINE: Final[tuple[Control, ...]] = (
    host_process,
    host_namespaces,
    privileged,
    baseline_capabilities,
    host_path_volumes,
    host_ports,
    host_probes,
    app_armor,
    se_linux,
    proc_mount,
    baseline_seccomp,
    sysctls,
)
RESTRICTED: Final[tuple[Control, ...]] = (
    *(
        control
        for control in BASELINE
        if control not in (baseline_capabilities, host_path_volumes, proc_mount)
    ),
    restricted_volumes,
    privilege_escalation,
    run_as_non_root,
    run_as_user,
    restricted_seccomp,
    restricted_capabilities,
    restricted_proc_mount,
)
"""Restricted replaces the baseline controls that it makes stricter, so that nothing is said twice."""


def violations(pod: Pod, level: Level) -> Iterator[Violation]:
    """Everything in `pod` that `level` forbids."""
    controls = {"privileged": (), "baseline": BASELINE, "restricted": RESTRICTED}[level]
    for control in controls:
        yield from control(pod)
