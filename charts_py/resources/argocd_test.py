import json
from collections.abc import Sequence
from typing import Any

import pytest

from charts_py.contract.delivery import ArgoCd
from charts_py.contract.environment import Environment
from charts_py.contract.manifest import Manifest, ObjectId
from charts_py.contract.region import Region
from charts_py.resources.argocd import DeliveryError, Files, Holds, files, programs
from charts_py.resources.argocd_rollout import evaluate

REPO = "https://git.example/novacron.git"
NAMESPACE = ObjectId(group="", kind="Namespace", namespace="", name="novacron")
DEPLOYMENT = ObjectId(group="apps", kind="Deployment", namespace="novacron", name="novacron-api")
DAEMONSET = ObjectId(group="apps", kind="DaemonSet", namespace="novacron", name="novacron-dwcp-network")
SCHEDULE = ObjectId(group="velero.io", kind="Schedule", namespace="velero", name="novacron-hourly-backup")


def environment(name: str, regions: Sequence[str], **argocd: Any) -> Environment:
    return Environment(
        name=name,
        version="3.0.0",
        argocd=ArgoCd(**{"mode": "hub", "repo_url": REPO, **argocd}),
        regions=tuple(
            Region(environment=name, name=region, cluster=f"{name}-{region}", version="3.0.0", position=place)
            for place, region in enumerate(regions)
        ),
    )


PRODUCTION = environment("production", ["us", "eu"])
STAGING = environment("staging", ["us"])
HOLDS: Holds = {
    ("production", "us", "core"): [NAMESPACE, DEPLOYMENT, SCHEDULE],
    ("production", "eu", "core"): [NAMESPACE, DEPLOYMENT],
    ("production", "us", "dwcp"): [DAEMONSET],
    ("production", "eu", "dwcp"): [DAEMONSET],
    ("staging", "us", "core"): [NAMESPACE, DEPLOYMENT],
}


def by_kind(found: Files, path: str) -> dict[str, Manifest]:
    return {obj["kind"]: obj for obj in found[path]}


def application_set(found: Files, env: str) -> dict[str, Any]:
    spec: dict[str, Any] = by_kind(found, f"applicationsets/core/{env}.yaml")["ApplicationSet"]["spec"]
    return spec


def region_project(found: Files) -> dict[str, Any]:
    path = "applicationsets/core/AppProject.argoproj.io_argocd_novacron-core.yaml"
    spec: dict[str, Any] = by_kind(found, path)["AppProject"]["spec"]
    return spec


def regions_applications(template: dict[str, Any]) -> list[Manifest]:
    """What Argo CD makes of a rollout's template."""
    (regions, application) = template["spec"]["source"]["directory"]["jsonnet"]["tlas"]
    assert regions["value"] == "{{toJson .regions}}"
    listed = [{"region": name, "cluster": f"production-{name}"} for name in ("us", "eu")]
    return evaluate({"regions": json.dumps(listed), "application": application["value"]}, "c" * 40)


def test_nothing_is_written_where_another_tool_delivers() -> None:
    assert files([environment("lab", ["one"], mode="none")], {("lab", "one", "core"): [DEPLOYMENT]}) == {}


def test_the_hand_applied_file_of_a_part_makes_the_application_that_people_sync_by_name() -> None:
    objects = by_kind(files([PRODUCTION, STAGING], HOLDS), "novacron-core.yaml")
    root = objects["Application"]
    assert root["metadata"]["name"] == "novacron-core"
    assert root["metadata"]["namespace"] == "argocd"
    assert root["spec"]["source"]["path"] == "argocd/applicationsets/core"
    assert root["spec"]["project"] == objects["AppProject"]["metadata"]["name"]


def test_the_hand_applied_files_do_not_change_when_the_fleet_grows() -> None:
    before = files([STAGING], HOLDS)
    after = files([PRODUCTION, STAGING], HOLDS)
    assert before["novacron-core.yaml"] == after["novacron-core.yaml"]


def test_the_root_project_allows_only_what_the_root_delivers() -> None:
    spec = by_kind(files([STAGING], HOLDS), "novacron-core.yaml")["AppProject"]["spec"]
    assert spec["sourceRepos"] == [REPO]
    assert spec["destinations"] == [{"server": "https://kubernetes.default.svc", "namespace": "argocd"}]
    assert [kind["kind"] for kind in spec["namespaceResourceWhitelist"]] == ["AppProject", "ApplicationSet"]
    assert "clusterResourceWhitelist" not in spec


def test_the_regions_project_allows_what_the_tree_holds_and_nothing_wider() -> None:
    spec = region_project(files([PRODUCTION, STAGING], HOLDS))
    assert spec["sourceRepos"] == [REPO]
    assert spec["destinations"] == [
        {"name": "production-eu", "namespace": "novacron"},
        {"name": "production-us", "namespace": "novacron"},
        {"name": "production-us", "namespace": "velero"},
        {"name": "staging-us", "namespace": "novacron"},
    ]
    assert spec["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace", "name": "novacron"}]
    assert spec["namespaceResourceWhitelist"] == [
        {"group": "apps", "kind": "Deployment"},
        {"group": "velero.io", "kind": "Schedule"},
    ]
    assert "*" not in str(spec)


def test_every_applications_destination_is_one_that_its_project_allows() -> None:
    found = files([PRODUCTION, STAGING], HOLDS)
    allowed = region_project(found)["destinations"]
    staging = application_set(found, "staging")
    namespace = staging["template"]["spec"]["destination"]["namespace"]
    for element in staging["generators"][0]["list"]["elements"]:
        assert {"name": element["cluster"], "namespace": namespace} in allowed
    for made in regions_applications(application_set(found, "production")["template"]):
        assert made["spec"]["destination"] in allowed


def test_each_region_gets_its_own_folder_and_cluster() -> None:
    at_once = environment("production", ["us", "eu"], region_by_region=False)
    spec = application_set(files([at_once], HOLDS), "production")
    assert spec["generators"][0]["list"]["elements"] == [
        {"region": "us", "cluster": "production-us"},
        {"region": "eu", "cluster": "production-eu"},
    ]
    template = spec["template"]
    assert template["metadata"]["name"] == "novacron-production-{{.region}}-core"
    assert template["spec"]["source"]["path"] == "generated/production/{{.region}}/core"
    assert template["spec"]["destination"]["name"] == "{{.cluster}}"


def test_regions_that_wait_for_each_other_are_made_by_one_application_in_fleet_order() -> None:
    spec = application_set(files([PRODUCTION], HOLDS), "production")
    (element,) = spec["generators"][0]["list"]["elements"]
    assert [region["region"] for region in element["regions"]] == ["us", "eu"]
    assert spec["template"]["metadata"]["name"] == "novacron-production-core-rollout"
    assert spec["template"]["spec"]["source"]["path"] == "argocd/rollout"


def test_the_program_and_the_setting_come_with_regions_that_wait_for_each_other() -> None:
    assert "install/argocd-cm.yaml" in files([PRODUCTION], HOLDS)
    assert set(programs(files([PRODUCTION], HOLDS))) == {"rollout/applications.jsonnet"}
    assert "install/argocd-cm.yaml" not in files([STAGING], HOLDS)
    assert programs(files([STAGING], HOLDS)) == {}


def test_a_rollouts_project_allows_the_regions_applications_and_nothing_else() -> None:
    path = "applicationsets/core/AppProject.argoproj.io_argocd_novacron-core-rollout.yaml"
    spec = by_kind(files([PRODUCTION], HOLDS), path)["AppProject"]["spec"]
    assert spec["namespaceResourceWhitelist"] == [{"group": "argoproj.io", "kind": "Application"}]
    assert spec["destinations"] == [{"server": "https://kubernetes.default.svc", "namespace": "argocd"}]
    assert path not in files([STAGING], HOLDS)


def test_a_single_region_has_no_order_and_follows_the_branch() -> None:
    spec = application_set(files([STAGING], HOLDS), "staging")
    assert spec["template"]["spec"]["source"]["targetRevision"] == "main"
    assert spec["template"]["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}


def test_a_region_that_leaves_the_fleet_keeps_running() -> None:
    assert application_set(files([STAGING], HOLDS), "staging")["syncPolicy"] == {
        "preserveResourcesOnDeletion": True
    }
    rollout = application_set(files([PRODUCTION], HOLDS), "production")["template"]
    assert rollout["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert all("finalizers" not in made["metadata"] for made in regions_applications(rollout))


def test_fields_of_other_owners_are_ignored_object_by_object() -> None:
    found = files([PRODUCTION], HOLDS)
    us, eu = regions_applications(application_set(found, "production")["template"])
    assert us["spec"]["ignoreDifferences"] == eu["spec"]["ignoreDifferences"]
    assert {
        (entry["kind"], entry["name"]): entry["jsonPointers"] for entry in us["spec"]["ignoreDifferences"]
    } == {
        ("Deployment", "novacron-api"): ["/spec/replicas"],
        ("StatefulSet", "novacron-consensus"): ["/spec/replicas"],
    }
    dwcp = by_kind(found, "applicationsets/dwcp/production.yaml")["ApplicationSet"]
    assert "ignoreDifferences" not in regions_applications(dwcp["spec"]["template"])[0]["spec"]


def test_a_part_that_no_region_holds_has_no_files() -> None:
    assert not [path for path in files([PRODUCTION], HOLDS) if "monitoring" in path]


def test_a_region_that_does_not_hold_a_part_is_left_out_of_its_list() -> None:
    holds = {key: value for key, value in HOLDS.items() if key != ("production", "eu", "core")}
    elements = application_set(files([PRODUCTION], holds), "production")["generators"][0]["list"]["elements"]
    assert [element["region"] for element in elements] == ["us"]
    assert not programs(files([environment("production", ["us"])], holds))


def test_each_cluster_delivers_to_itself_where_the_fleet_says_so() -> None:
    own = environment("production", ["us", "eu"], mode="per-cluster")
    found = files([own], HOLDS)
    root = by_kind(found, "production/us/novacron-core.yaml")["Application"]
    assert root["metadata"]["name"] == "novacron-core"
    assert root["spec"]["source"]["path"] == "argocd/production/us/core"
    application = found["production/us/core/novacron-production-us-core.yaml"][0]
    assert application["spec"]["destination"]["server"] == "https://kubernetes.default.svc"
    assert application["spec"]["source"]["path"] == "generated/production/us/core"
    assert not [path for path in found if path.startswith("applicationsets")]


def test_one_hub_cannot_follow_two_repositories() -> None:
    other = environment("staging", ["us"], repo_url="https://git.example/other.git")
    with pytest.raises(DeliveryError, match=r"argocd\.repoURL is .* in production .* in staging"):
        files([PRODUCTION, other], HOLDS)
