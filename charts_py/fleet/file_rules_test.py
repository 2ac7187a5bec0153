from typing import Any

import pytest

from charts_py.fleet.file_rules import file_findings


def told(regions: list[dict[str, Any]], **data: Any) -> list[tuple[str, str | None]]:
    waivers = dict(enumerate(data.pop("waivers", [])))
    findings = file_findings({"environment": "lab", **data}, dict(enumerate(regions)), waivers, "lab")
    return [(".".join(map(str, f.path)), f.nearest) for f in findings]


def test_distinct_regions_keep_every_rule() -> None:
    assert told([{"name": "a"}, {"name": "b"}], home="b") == []


def test_the_environment_is_called_as_its_file() -> None:
    assert told([{"name": "a"}], environment="prod") == [("environment", None)]


def test_a_name_twice_is_told_once_although_the_cluster_follows_from_it() -> None:
    assert told([{"name": "a"}, {"name": "a"}]) == [("regions.1.name", None)]


def test_a_cluster_holds_one_region() -> None:
    assert told([{"name": "a"}, {"name": "b", "cluster": "a"}]) == [("regions.1.cluster", None)]


def test_two_regions_do_not_answer_at_one_endpoint() -> None:
    regions = [{"name": name, "network": {"dwcpEndpoint": "x:1"}} for name in "ab"]
    assert told(regions) == [("regions.1.network.dwcpEndpoint", None)]


def test_home_is_one_of_the_regions() -> None:
    assert told([{"name": "us-east-1"}], home="us-east1") == [("home", "us-east-1")]


def test_home_is_not_judged_while_a_region_has_no_sound_name() -> None:
    assert told([{"name": "a"}, {}], home="b") == []


@pytest.mark.parametrize(
    ("day", "sound"), [("2030-02-28", True), ("2030-02-29", False), ("2030-13-01", False)]
)
def test_a_waiver_expires_on_a_day_of_the_calendar(day: str, sound: bool) -> None:
    assert told([{"name": "a"}], waivers=[{"expires": day}]) == (
        [] if sound else [("waivers.0.expires", None)]
    )


def test_delivery_by_argo_cd_needs_a_repository() -> None:
    assert told([{"name": "a"}], argocd={"mode": "hub"}) == [("argocd.repoURL", None)]
