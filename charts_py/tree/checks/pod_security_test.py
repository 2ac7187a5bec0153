import pytest

from charts_py.tree.checks.baseline import Baseline

POD = "spec.template.spec"
JOB = "spec.jobTemplate.spec.template"


def test_a_pod_that_a_restricted_namespace_would_refuse_is_found(tree: Baseline) -> None:
    tree.container()["securityContext"]["allowPrivilegeEscalation"] = True
    api = "Deployment.apps novacron/novacron-api"
    field = f"{POD}.containers[0].securityContext.allowPrivilegeEscalation"
    finding = tree.breaks("pod-security-restricted", api, field)
    assert "namespace novacron enforces restricted" in finding.message


@pytest.mark.parametrize("part", ["spec", "metadata"])
def test_a_pod_that_a_baseline_namespace_would_refuse_is_found(tree: Baseline, part: str) -> None:
    template = tree.get("CronJob", "tidy")["spec"]["jobTemplate"]["spec"]["template"]
    if part == "spec":
        template["spec"]["hostNetwork"] = True
        field = f"{JOB}.spec.hostNetwork"
    else:
        key = "container.apparmor.security.beta.kubernetes.io/tidy"
        template["metadata"]["annotations"] = {key: "unconfined"}
        field = f"{JOB}.metadata.annotations[{key}]"
    tree.breaks("pod-security-baseline", "CronJob.batch legacy/tidy", field)


def test_a_privileged_namespace_takes_any_pod(tree: Baseline) -> None:
    labels = tree.get("Namespace", "novacron")["metadata"]["labels"]
    labels["pod-security.kubernetes.io/enforce"] = "privileged"
    tree.pod()["hostPID"] = True
    tree.keeps("pod-security-restricted")
    tree.keeps("pod-security-baseline")


@pytest.mark.parametrize("level", [None, "strict"])
def test_every_namespace_says_its_level(tree: Baseline, level: str | None) -> None:
    labels = tree.get("Namespace", "legacy")["metadata"]["labels"]
    labels["pod-security.kubernetes.io/enforce"] = level
    field = "metadata.labels[pod-security.kubernetes.io/enforce]"
    tree.breaks("pod-security-level-missing", "Namespace legacy", field)


def test_a_namespace_without_pods_of_ours_may_leave_its_level_to_others(tree: Baseline) -> None:
    tree.add("{apiVersion: v1, kind: Namespace, metadata: {name: monitoring}}")
    tree.keeps("pod-security-level-missing")


@pytest.mark.parametrize(("version", "refused"), [("v1.36", True), ("v1.37", False), ("latest", False)])
def test_a_pod_is_judged_by_the_version_that_its_namespace_enforces(
    tree: Baseline, version: str, refused: bool
) -> None:
    labels = tree.get("Namespace", "novacron")["metadata"]["labels"]
    labels["pod-security.kubernetes.io/enforce-version"] = version
    tree.pod()["securityContext"]["sysctls"] = [{"name": "net.ipv4.tcp_notsent_lowat", "value": "1"}]
    found = [finding for finding in tree.findings() if finding.rule == "pod-security-restricted"]
    assert bool(found) is refused
