import json
from typing import Any

import pytest

from charts_py.contract.delivery import ArgoCd
from charts_py.contract.manifest import Manifest
from charts_py.resources.argocd_rollout import PROGRAM, evaluate, health_settings, pinned, placeholder, source

COMMIT = "0123456789" * 4
AWKWARD = "https://git.example/a%20b/$c.git"
REGIONS = [{"region": "us", "cluster": "one"}, {"region": "eu", "cluster": "two"}]


def application(argocd: ArgoCd) -> Manifest:
    return {
        "metadata": {"name": placeholder("region"), "wave": placeholder("wave")},
        "spec": {"repo": argocd.repo_url, "revision": argocd.revision, "cluster": placeholder("cluster")},
    }


def parameters() -> dict[str, str]:
    argocd = ArgoCd(mode="hub", repo_url=AWKWARD)
    tlas: list[dict[str, Any]] = source(argocd, application(pinned(argocd)))["directory"]["jsonnet"]["tlas"]
    return {tla["name"]: tla["value"] for tla in tlas} | {"regions": json.dumps(REGIONS)}


def test_regions_get_one_commit_each_in_a_wave_after_the_one_ahead() -> None:
    us, eu = evaluate(parameters(), COMMIT)
    assert us["metadata"] == {"name": "us", "wave": "0"}
    assert eu["metadata"] == {"name": "eu", "wave": "1"}
    assert us["spec"]["revision"] == eu["spec"]["revision"] == COMMIT
    assert [made["spec"]["cluster"] for made in (us, eu)] == ["one", "two"]


def test_what_jsonnet_and_argo_cd_would_replace_in_an_address_is_kept() -> None:
    assert {made["spec"]["repo"] for made in evaluate(parameters(), COMMIT)} == {AWKWARD}


def test_the_program_takes_the_parameters_that_the_source_gives() -> None:
    assert f"function({', '.join(parameters())})" in PROGRAM


@pytest.mark.parametrize("missing", ["regions", "application"])
def test_parameters_that_do_not_fit_the_program_are_refused(missing: str) -> None:
    given = {name: value for name, value in parameters().items() if name != missing}
    with pytest.raises(ValueError, match=missing):
        evaluate(given, COMMIT)


def test_a_region_without_a_field_that_the_application_shows_is_refused() -> None:
    with pytest.raises(ValueError, match="cluster"):
        evaluate(parameters() | {"regions": '[{"region": "us"}]'}, COMMIT)


def test_the_setting_adds_one_key_to_a_config_map_that_someone_else_owns() -> None:
    settings = health_settings()
    assert list(settings["data"]) == ["resource.customizations.health.argoproj.io_Application"]
    # Argo CD reads the ConfigMap by this label; it has it already.
    assert settings["metadata"]["labels"] == {"app.kubernetes.io/part-of": "argocd"}
