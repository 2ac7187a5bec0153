import copy
import json
from typing import Any

import pytest
import yaml

from charts_py.contract.manifest import Manifest
from charts_py.tree.checks.argocd import instances, run
from charts_py.tree.finding import Finding

HUB = """
argocd/novacron-core.yaml:
  - apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: fleet, namespace: argocd}
    spec:
      sourceRepos: [https://git.example/n.git]
      destinations: [{server: https://kubernetes.default.svc, namespace: argocd}]
      namespaceResourceWhitelist:
        - {group: argoproj.io, kind: AppProject}
        - {group: argoproj.io, kind: ApplicationSet}
  - apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: novacron-core, namespace: argocd}
    spec:
      project: fleet
      source: {repoURL: https://git.example/n.git, path: argocd/applicationsets/core}
      destination: {server: https://kubernetes.default.svc, namespace: argocd}
argocd/applicationsets/core/project.yaml:
  - apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: core, namespace: argocd}
    spec:
      sourceRepos: [https://git.example/n.git]
      destinations:
        - {name: us, namespace: novacron}
        - {name: eu, namespace: novacron}
      clusterResourceWhitelist: [{group: "", kind: Namespace, name: novacron}]
      namespaceResourceWhitelist: [{group: apps, kind: Deployment}]
argocd/applicationsets/core/production.yaml:
  - apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: production, namespace: argocd}
    spec:
      goTemplate: true
      generators: [{list: {elements: [{region: us}, {region: eu}]}}]
      strategy:
        type: RollingSync
        rollingSync:
          steps:
            - matchExpressions: [{key: region, operator: In, values: [us]}]
            - matchExpressions: [{key: region, operator: In, values: [eu]}]
      template:
        metadata: {name: "production-{{.region}}", labels: {region: "{{.region}}"}}
        spec:
          project: core
          source:
            repoURL: https://git.example/n.git
            path: generated/production/{{.region}}/core
            directory: {recurse: true}
          destination: {name: "{{.region}}", namespace: novacron}
          ignoreDifferences:
            - {group: apps, kind: Deployment, name: api, namespace: novacron, jsonPointers: [/spec/replicas]}
"""
REGION = """
- apiVersion: v1
  kind: Namespace
  metadata: {name: novacron}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: api, namespace: novacron}
"""
PROJECT = "argocd/applicationsets/core/project.yaml"
SET = "argocd/applicationsets/core/production.yaml"
ROOT = "argocd/novacron-core.yaml"

Tree = dict[str, list[Manifest]]


@pytest.fixture
def files() -> Tree:
    found: Tree = yaml.safe_load(HUB)
    for region in ("us", "eu"):
        for manifest in yaml.safe_load(REGION):
            found[f"generated/production/{region}/core/api/{manifest['kind']}.yaml"] = [manifest]
    return found


def breaks(files: Tree, rule: str, *expected: tuple[str, str]) -> list[Finding]:
    found = [finding for finding in run(files) if finding.rule == rule]
    assert [(finding.object.name, finding.field) for finding in found] == list(expected)
    return found


def template(files: Tree) -> dict[str, Any]:
    spec: dict[str, Any] = files[SET][0]["spec"]["template"]["spec"]
    return spec


def test_a_hub_that_fits_its_tree_gives_no_finding(files: Tree) -> None:
    assert run(files) == []


def test_a_project_exists(files: Tree) -> None:
    files[ROOT][1]["spec"]["project"] = "flet"
    (finding,) = breaks(files, "argo-project-missing", ("novacron-core", "spec.project"))
    assert "there is fleet" in finding.message


def test_a_path_holds_objects(files: Tree) -> None:
    template(files)["source"]["path"] = "generated/production/{{.region}}/cor"
    field = "spec.template.spec.source.path"
    breaks(files, "argo-path-missing", ("production", field), ("production", field))


def test_a_path_whose_files_lie_deeper_needs_recurse(files: Tree) -> None:
    del template(files)["source"]["directory"]
    field = "spec.template.spec.source.path"
    breaks(files, "argo-path-missing", ("production", field), ("production", field))


def test_a_destination_is_named_once(files: Tree) -> None:
    files[ROOT][1]["spec"]["destination"]["name"] = "in-cluster"
    breaks(files, "argo-destination-ambiguous", ("novacron-core", "spec.destination"))


def test_a_repository_is_allowed_by_the_project(files: Tree) -> None:
    files[ROOT][1]["spec"]["source"]["repoURL"] = "https://git.example/other.git"
    breaks(files, "argo-source-not-allowed", ("novacron-core", "spec.source.repoURL"))


def test_a_cluster_is_allowed_by_the_project(files: Tree) -> None:
    files[PROJECT][0]["spec"]["destinations"].pop()
    breaks(files, "argo-destination-not-allowed", ("production", "spec.template.spec.destination"))


def test_the_namespaces_of_the_objects_are_allowed_by_the_project(files: Tree) -> None:
    files["generated/production/us/core/api/Deployment.yaml"][0]["metadata"]["namespace"] = "other"
    (finding,) = breaks(
        files, "argo-destination-not-allowed", ("production", "spec.template.spec.destination")
    )
    assert "namespace other" in finding.message


@pytest.mark.parametrize(
    ("side", "kind"),
    [("namespaceResourceWhitelist", "Deployment"), ("clusterResourceWhitelist", "Namespace")],
)
def test_a_delivered_kind_is_allowed_by_the_project(files: Tree, side: str, kind: str) -> None:
    files[PROJECT][0]["spec"][side] = []
    found = breaks(files, "argo-kind-not-allowed", ("core", f"spec.{side}"), ("core", f"spec.{side}"))
    assert kind in found[0].message


def test_a_cluster_scoped_object_is_allowed_by_name(files: Tree) -> None:
    files[PROJECT][0]["spec"]["clusterResourceWhitelist"][0]["name"] = "other"
    field = "spec.clusterResourceWhitelist"
    breaks(files, "argo-kind-not-allowed", ("core", field), ("core", field))
    breaks(files, "appproject-too-wide", ("core", f"{field}[0]"))


@pytest.mark.parametrize(
    ("side", "entry"),
    [
        ("namespaceResourceWhitelist", {"group": "", "kind": "Secret"}),
        ("clusterResourceWhitelist", {"group": "", "kind": "*"}),
        ("destinations", {"name": "us", "namespace": "kube-system"}),
        ("destinations", {"name": "us", "namespace": "*"}),
        ("sourceRepos", "https://git.example/*"),
        ("sourceRepos", "https://git.example/spare.git"),
    ],
)
def test_a_project_allows_nothing_that_its_applications_do_not_need(
    files: Tree, side: str, entry: Any
) -> None:
    files[PROJECT][0]["spec"][side].append(entry)
    index = len(files[PROJECT][0]["spec"][side]) - 1
    breaks(files, "appproject-too-wide", ("core", f"spec.{side}[{index}]"))


def test_an_absent_list_of_namespaced_kinds_is_too_wide(files: Tree) -> None:
    del files[PROJECT][0]["spec"]["namespaceResourceWhitelist"]
    breaks(files, "appproject-too-wide", ("core", "spec.namespaceResourceWhitelist"))


def test_a_blacklist_of_everything_allows_no_namespaced_kind(files: Tree) -> None:
    spec = files[PROJECT][0]["spec"]
    del spec["namespaceResourceWhitelist"]
    spec["namespaceResourceBlacklist"] = [{"group": "*", "kind": "*"}]
    breaks(files, "appproject-too-wide")
    field = "spec.namespaceResourceWhitelist"
    breaks(files, "argo-kind-not-allowed", ("core", field), ("core", field))


def test_no_object_is_delivered_twice(files: Tree) -> None:
    second = copy.deepcopy(files[SET][0])
    second["metadata"]["name"] = "second"
    second["spec"]["generators"][0]["list"]["elements"] = [{"region": "us"}]
    second["spec"]["strategy"]["rollingSync"]["steps"].pop()
    files["argocd/applicationsets/core/second.yaml"] = [second]
    field = "spec.template.spec.source"
    breaks(files, "argo-object-delivered-twice", ("second", field), ("second", field))


def test_an_ignored_difference_is_of_a_delivered_object(files: Tree) -> None:
    template(files)["ignoreDifferences"][0]["name"] = "app"
    field = "spec.template.spec.ignoreDifferences[0]"
    breaks(files, "argo-ignore-unmatched", ("production", field), ("production", field))


def test_every_application_is_in_a_step_and_every_step_has_one(files: Tree) -> None:
    steps = files[SET][0]["spec"]["strategy"]["rollingSync"]["steps"]
    steps[1]["matchExpressions"][0]["values"] = ["ap"]
    base = "spec.strategy.rollingSync.steps"
    breaks(files, "argo-rolling-step-empty", ("production", base), ("production", f"{base}[1]"))


def test_every_object_of_a_delivered_environment_is_delivered(files: Tree) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "novacron"}}
    files["generated/production/eu/dwcp/c.yaml"] = [config]
    breaks(files, "argo-tree-undelivered", ("c", ""))


def test_an_environment_that_argo_cd_does_not_know_may_stay_undelivered(files: Tree) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "novacron"}}
    files["generated/example/laptop/core/c.yaml"] = [config]
    breaks(files, "argo-tree-undelivered")


@pytest.mark.parametrize(
    "change",
    [
        {"generators": [{"clusters": {}}]},
        {"generators": [{"list": {"elements": [{"name": "us"}]}}]},
        {"templatePatch": "spec: {}"},
    ],
)
def test_an_application_set_that_only_argo_cd_can_evaluate_is_found(
    files: Tree, change: dict[str, Any]
) -> None:
    files[SET][0]["spec"].update(change)
    breaks(files, "argo-application-set-unreadable", ("production", "spec.generators"))


def test_a_git_directory_generator_gives_the_directories_of_the_tree(files: Tree) -> None:
    spec = files[SET][0]["spec"]
    spec["generators"] = [{"git": {"directories": [{"path": "generated/production/*"}]}}]
    spec["template"] = yaml.safe_load(
        yaml.safe_dump(spec["template"]).replace("{{.region}}", "{{index .path.segments 2}}")
    )
    assert run(files) == []


def test_a_matrix_gives_every_combination(files: Tree) -> None:
    generators = files[SET][0]["spec"]["generators"]
    generators[0] = {"matrix": {"generators": [*generators, {"list": {"elements": [{"part": "core"}]}}]}}
    template(files)["source"]["path"] = "generated/production/{{.region}}/{{.part}}"
    assert run(files) == []


@pytest.fixture
def rolled(files: Tree) -> Tree:
    """The same hub, with regions that wait for each other."""
    spec = files[SET][0]["spec"]
    del spec["strategy"]
    spec["generators"] = [{"list": {"elements": [{"regions": [{"region": "us"}, {"region": "eu"}]}]}}]
    made = copy.deepcopy(spec["template"])
    made |= {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    made["metadata"]["namespace"] = "argocd"
    application = json.dumps(made).replace("{{.region}}", "%(region)s")
    spec["template"] = {
        "metadata": {"name": "production-rollout"},
        "spec": {
            "project": "rollout",
            "source": {
                "repoURL": "https://git.example/n.git",
                "path": "argocd/rollout",
                "directory": {
                    "jsonnet": {
                        "tlas": [
                            {"name": "regions", "value": "{{toJson .regions}}"},
                            {"name": "application", "value": application},
                        ]
                    }
                },
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "argocd"},
        },
    }
    files["argocd/rollout/applications.jsonnet"] = []
    project = copy.deepcopy(files[ROOT][0])
    project["metadata"]["name"] = "rollout"
    project["spec"]["namespaceResourceWhitelist"] = [{"group": "argoproj.io", "kind": "Application"}]
    files["argocd/applicationsets/core/rollout.yaml"] = [project]
    return files


def parameters(files: Tree) -> list[dict[str, str]]:
    found: list[dict[str, str]] = template(files)["source"]["directory"]["jsonnet"]["tlas"]
    return found


def test_applications_that_a_rollout_makes_deliver_the_tree(rolled: Tree) -> None:
    assert run(rolled) == []


def test_the_project_of_a_rollout_allows_the_applications_that_it_makes(rolled: Tree) -> None:
    rolled["argocd/applicationsets/core/rollout.yaml"][0]["spec"]["namespaceResourceWhitelist"] = []
    field = "spec.namespaceResourceWhitelist"
    found = breaks(rolled, "argo-kind-not-allowed", ("rollout", field), ("rollout", field))
    assert "production-us" in found[1].message


def test_an_application_that_a_rollout_makes_is_checked_like_any_other(rolled: Tree) -> None:
    parameters(rolled)[1]["value"] = parameters(rolled)[1]["value"].replace("/core", "/cor")
    field = "spec.template.spec.source.directory.jsonnet.tlas.source.path"
    breaks(rolled, "argo-path-missing", ("production", field), ("production", field))


def test_a_region_that_a_rollout_leaves_out_is_undelivered(rolled: Tree) -> None:
    rolled[SET][0]["spec"]["generators"][0]["list"]["elements"][0]["regions"].pop()
    breaks(rolled, "argo-tree-undelivered", ("novacron", ""), ("api", ""))


def test_a_rollout_whose_program_is_not_published_is_found(rolled: Tree) -> None:
    del rolled["argocd/rollout/applications.jsonnet"]
    breaks(rolled, "argo-application-set-unreadable", ("production", "spec.generators"))


def test_parameters_that_do_not_fit_the_program_are_found(rolled: Tree) -> None:
    parameters(rolled).pop()
    (finding,) = breaks(rolled, "argo-application-set-unreadable", ("production", "spec.generators"))
    assert "application" in finding.message


def test_each_regions_own_argo_cd_is_checked_by_itself() -> None:
    files: Tree = {
        "argocd/novacron-core.yaml": [],
        "argocd/applicationsets/core/a.yaml": [],
        "argocd/prod/us/novacron-core.yaml": [],
        "argocd/prod/us/core/app.yaml": [],
        "argocd/prod/eu/novacron-core.yaml": [],
        "generated/prod/us/core/x.yaml": [],
    }
    assert {name: len(found) for name, found in instances(files).items()} == {
        "argocd": 2,
        "prod/us": 2,
        "prod/eu": 1,
    }


def own_argo_cd(region: str, part: str) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": f"{region}-{part}", "namespace": "argocd"},
        "spec": {"project": "p", "source": {"path": f"generated/prod/{region}/{part}"}},
    }


def test_a_regions_own_argo_cd_answers_for_that_region_and_no_other() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "novacron"}}
    files: Tree = {
        f"argocd/prod/{region}/core/app.yaml": [own_argo_cd(region, "core")] for region in ("us", "eu")
    }
    files |= {f"generated/prod/{region}/core/c.yaml": [config] for region in ("us", "eu")}
    undelivered = [found for found in run(files) if found.rule == "argo-tree-undelivered"]
    assert undelivered == []

    files["generated/prod/us/dwcp/c.yaml"] = [config]
    undelivered = [found for found in run(files) if found.rule == "argo-tree-undelivered"]
    assert [found.cluster for found in undelivered] == ["prod/us"]
