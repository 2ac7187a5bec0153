from typing import Any

import pytest

from charts_py.tree.checks.pod_security_standards import Level, Pod, violations

HARDENED: dict[str, Any] = {
    "name": "main",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}


def found(level: Level, spec: dict[str, Any], annotations: dict[str, str] | None = None) -> list[str]:
    return [field for field, _ in violations(Pod(spec=spec, annotations=annotations or {}), level)]


def hardened(**context: Any) -> dict[str, Any]:
    return {"containers": [{**HARDENED, "securityContext": {**HARDENED["securityContext"], **context}}]}


def test_a_plain_container_keeps_to_baseline() -> None:
    assert found("baseline", {"containers": [{"name": "main", "image": "x:1"}]}) == []


def test_a_hardened_container_keeps_to_restricted() -> None:
    assert found("restricted", hardened()) == []


def test_a_privileged_level_forbids_nothing() -> None:
    assert found("privileged", {"hostNetwork": True}) == []


@pytest.mark.parametrize("level", ["baseline", "restricted"])
@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"hostPID": True}, "hostPID"),
        ({"hostIPC": True}, "hostIPC"),
        (
            {"securityContext": {"windowsOptions": {"hostProcess": True}}},
            "securityContext.windowsOptions.hostProcess",
        ),
        ({"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}, "volumes[0].hostPath"),
        (
            {"securityContext": {"appArmorProfile": {"type": "Unconfined"}}},
            "securityContext.appArmorProfile.type",
        ),
        ({"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}, "securityContext.seLinuxOptions.type"),
        ({"securityContext": {"seLinuxOptions": {"user": "root"}}}, "securityContext.seLinuxOptions.user"),
        ({"securityContext": {"seLinuxOptions": {"role": "r"}}}, "securityContext.seLinuxOptions.role"),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            "securityContext.seccompProfile.type",
        ),
        ({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, "securityContext.sysctls[0].name"),
    ],
)
def test_what_a_pod_may_not_do_at_either_level(level: Level, spec: dict[str, Any], field: str) -> None:
    assert found(level, {**hardened(), **spec}) == [field]


@pytest.mark.parametrize("level", ["baseline", "restricted"])
@pytest.mark.parametrize("kind", ["containers", "initContainers", "ephemeralContainers"])
@pytest.mark.parametrize(
    ("container", "field"),
    [
        ({"securityContext": {"privileged": True}}, "securityContext.privileged"),
        ({"securityContext": {"procMount": "Unmasked"}}, "securityContext.procMount"),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            "securityContext.seccompProfile.type",
        ),
        (
            {"securityContext": {"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}},
            "securityContext.capabilities.add[0]",
        ),
        ({"ports": [{"containerPort": 1, "hostPort": 1}]}, "ports[0].hostPort"),
        ({"livenessProbe": {"httpGet": {"host": "h"}}}, "livenessProbe.httpGet.host"),
        ({"lifecycle": {"preStop": {"tcpSocket": {"host": "h"}}}}, "lifecycle.preStop.tcpSocket.host"),
    ],
)
def test_what_a_container_of_any_kind_may_not_do_at_either_level(
    level: Level, kind: str, container: dict[str, Any], field: str
) -> None:
    context = {**HARDENED["securityContext"], **container.get("securityContext", {})}
    assert found(level, {kind: [{**container, "securityContext": context}]}) == [f"{kind}[0].{field}"]


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"allowPrivilegeEscalation": None}, "allowPrivilegeEscalation"),
        ({"runAsNonRoot": None}, "runAsNonRoot"),
        ({"runAsNonRoot": False}, "runAsNonRoot"),
        ({"runAsUser": 0}, "runAsUser"),
        ({"seccompProfile": None}, "seccompProfile.type"),
        ({"capabilities": None}, "capabilities.drop"),
        ({"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}, "capabilities.add[0]"),
    ],
)
def test_what_only_restricted_demands(context: dict[str, Any], field: str) -> None:
    assert found("baseline", hardened(**context)) == []
    assert found("restricted", hardened(**context)) == [f"containers[0].securityContext.{field}"]


def test_restricted_allows_the_volume_kinds_that_need_nothing_of_the_node() -> None:
    kinds = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim"]
    volumes = [{"name": kind, kind: {}} for kind in [*kinds, "projected", "secret"]]
    assert found("restricted", {**hardened(), "volumes": volumes}) == []
    assert found("restricted", {**hardened(), "volumes": [{"name": "x", "nfs": {}}]}) == ["volumes[0].nfs"]


def test_the_pods_context_counts_for_its_containers() -> None:
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost"}}
    spec = {**hardened(runAsNonRoot=None, seccompProfile=None), "securityContext": context}
    assert found("restricted", spec) == []


def test_a_pod_that_asks_for_root_is_refused_even_if_its_containers_do_not() -> None:
    spec = {**hardened(), "securityContext": {"runAsNonRoot": False}}
    assert found("restricted", spec) == ["securityContext.runAsNonRoot"]


def test_the_tcp_buffer_sysctls_are_safe() -> None:
    names = ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_notsent_lowat"]
    sysctls = [{"name": name, "value": "1"} for name in names]
    assert found("restricted", {**hardened(), "securityContext": {"sysctls": sysctls}}) == []


def test_a_sysctl_that_became_safe_later_is_refused_by_an_older_standard() -> None:
    spec = {**hardened(), "securityContext": {"sysctls": [{"name": "net.ipv4.tcp_notsent_lowat"}]}}
    field = "securityContext.sysctls[0].name"
    assert [place for place, _ in violations(Pod(spec=spec, annotations={}, minor=36), "baseline")] == [field]


def test_a_user_namespace_relaxes_the_controls_on_root() -> None:
    spec = {**hardened(runAsNonRoot=None, runAsUser=0), "hostUsers": False}
    assert found("restricted", spec) == []


def test_a_user_namespace_relaxes_proc_at_baseline_only() -> None:
    spec = {**hardened(procMount="Unmasked"), "hostUsers": False}
    assert found("baseline", spec) == []
    assert found("restricted", spec) == ["containers[0].securityContext.procMount"]


def test_a_windows_pod_is_excused_from_what_windows_lacks() -> None:
    context = {"allowPrivilegeEscalation": None, "capabilities": None, "seccompProfile": None}
    assert found("restricted", {**hardened(**context), "os": {"name": "windows"}}) == []


@pytest.mark.parametrize(
    ("profile", "refused"), [("localhost/x", False), ("runtime/default", False), ("u", True)]
)
def test_an_app_armor_annotation_names_a_profile(profile: str, refused: bool) -> None:
    key = "container.apparmor.security.beta.kubernetes.io/main"
    assert bool(found("baseline", hardened(), {key: profile})) is refused
