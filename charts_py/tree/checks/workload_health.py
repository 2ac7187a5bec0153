"""Probes, images, updates and shutdown of the workloads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from charts_py.contract import names
from charts_py.tree.checks import selectors
from charts_py.tree.checks.pods import Container, PodTemplate
from charts_py.tree.checks.references_network import service_selector
from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, number, text, texts
from charts_py.tree.checks.view import ClusterView

DEFAULT_GRACE: Final = 30
"""Seconds that Kubernetes waits between SIGTERM and SIGKILL if the pod says nothing."""

SLEEP: Final = re.compile(r"\bsleep\s+(\d{1,6})\b")


def _probeless(view: ClusterView, probe: str, why: str) -> Iterator[Problem]:
    for pod in view.pods:
        for container in pod.containers if pod.long_running else ():
            if container.role == "main" and not mapping(container.spec, probe):
                yield Problem(
                    object=pod.owner,
                    field=f"{container.field}.{probe}",
                    message=f"container {container.name} has no {probe}: {why}. Add one on a declared port.",
                )


@rule("liveness-probe-missing")
def liveness_probe_missing(view: ClusterView) -> Iterator[Problem]:
    """Every container of a workload that stays has a livenessProbe."""
    return _probeless(view, "livenessProbe", "a hung process would never be restarted")


@rule("readiness-probe-missing")
def readiness_probe_missing(view: ClusterView) -> Iterator[Problem]:
    """Every container of a workload that stays has a readinessProbe."""
    return _probeless(view, "readinessProbe", "it would get requests before it can answer")


def image_tag(image: str) -> str:
    """The tag of an image reference, "" for none; a registry's port is no tag."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


@rule("image-untagged")
def image_untagged(view: ClusterView) -> Iterator[Problem]:
    """Every image has a tag or a digest."""
    for pod in view.pods:
        for container in pod.containers:
            image = text(container.spec, "image")
            if not image_tag(image) and "@" not in image:
                message = f"{image!r} has no tag, which means latest. Give the version that was tested."
                yield Problem(object=pod.owner, field=f"{container.field}.image", message=message)


@rule("image-latest")
def image_latest(view: ClusterView) -> Iterator[Problem]:
    """No image is tagged `latest`, which names something else tomorrow."""
    for pod in view.pods:
        for container in pod.containers:
            image = text(container.spec, "image")
            if image_tag(image) == "latest":
                message = f"{image!r} names a different image tomorrow. Give the version that was tested."
                yield Problem(object=pod.owner, field=f"{container.field}.image", message=message)


@rule("update-loses-capacity")
def update_loses_capacity(view: ClusterView) -> Iterator[Problem]:
    """The API's rolling update starts a pod before it stops one: maxUnavailable 0, maxSurge at least 1."""
    manifest = view.get("apps", "Deployment", names.NAMESPACE, names.API)
    if manifest is None:
        return
    owner = next(identity for identity, found in view.of("apps", "Deployment") if found is manifest)
    strategy = mapping(manifest, "spec", "strategy")
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        message = f"strategy {strategy.get('type')} stops every pod first. Use RollingUpdate."
        yield Problem(object=owner, field="spec.strategy.type", message=message)
        return
    rolling = mapping(strategy, "rollingUpdate")
    for side, zero_wanted in (("maxUnavailable", True), ("maxSurge", False)):
        value = rolling.get(side, "25%")
        if (value in (0, "0%")) is not zero_wanted:
            wanted = "0" if zero_wanted else "at least 1"
            message = f"{side} is {value}, so an update takes pods away first. It must be {wanted}."
            yield Problem(object=owner, field=f"spec.strategy.rollingUpdate.{side}", message=message)


@rule("pre-stop-missing")
def pre_stop_missing(view: ClusterView) -> Iterator[Problem]:
    """Every Deployment behind a Service waits in preStop until endpoints have forgotten the pod."""
    chosen = [(item.namespace, service_selector(found)) for item, found in view.of("", "Service")]
    for pod in view.pods:
        if pod.owner.kind not in ("Deployment", "Rollout") or not _served(pod, chosen):
            continue
        for container in pod.containers:
            if (
                container.role == "main"
                and container.ports
                and not mapping(container.spec, "lifecycle", "preStop")
            ):
                yield Problem(
                    object=pod.owner,
                    field=f"{container.field}.lifecycle.preStop",
                    message="requests still arrive after SIGTERM until every node has removed the "
                    "endpoint. Add a "
                    "preStop sleep of a few seconds.",
                )


def _served(pod: PodTemplate, chosen: list[tuple[str, selectors.Selector]]) -> bool:
    return any(
        namespace == pod.namespace
        and not selectors.is_empty(selector)
        and selectors.matches(selector, pod.labels)
        for namespace, selector in chosen
    )


def pre_stop_seconds(container: Container) -> int | None:
    """How long a preStop hook sleeps, None when there is none or it doesn't say."""
    hook = mapping(container.spec, "lifecycle", "preStop")
    native = number(hook, "sleep", "seconds")
    if native is not None:
        return native
    command = " ".join(part for _, part in texts(hook, "exec", "command"))
    slept = [int(seconds) for seconds in SLEEP.findall(command)]
    return sum(slept) if slept else None


@rule("grace-shorter-than-pre-stop")
def grace_shorter_than_pre_stop(view: ClusterView) -> Iterator[Problem]:
    """Every pod's termination grace period is longer than its preStop sleep, which is taken from it."""
    for pod in view.pods:
        grace = number(pod.spec, "terminationGracePeriodSeconds")
        grace = DEFAULT_GRACE if grace is None else grace
        for container in pod.containers:
            slept = pre_stop_seconds(container)
            if slept is not None and slept >= grace:
                yield Problem(
                    object=pod.owner,
                    field=f"{pod.spec_field}.terminationGracePeriodSeconds",
                    message=f"{grace} s are over when preStop of {container.name} has slept {slept} "
                    "s: the process "
                    "would be killed in mid-request. Allow the sleep plus the time to finish requests.",
                )


RULES: Final[tuple[Rule[ClusterView], ...]] = (
    liveness_probe_missing,
    readiness_probe_missing,
    image_untagged,
    image_latest,
    update_loses_capacity,
    pre_stop_missing,
    grace_shorter_than_pre_stop,
)
