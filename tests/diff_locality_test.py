from pathlib import Path

import pytest
import yaml

from tests.repository import Repository, differing

NEW_REGION = """
  - name: sa-east-1
    api:
      minReplicas: 5
      host: api.sa-east-1.novacron.example
    backup:
      enabled: true
      bucket: {name: novacron-backups-sa-east-1, region: sa-east-1}
    network:
      dwcpEndpoint: dwcp.sa-east-1.novacron.example:8888
"""

EU = "generated/production/eu-west-1"
US = "generated/production/us-east-1"
CLUSTER = f"{US}/core/operator/NovaCronCluster.novacron.io_novacron_production.yaml"


@pytest.fixture
def repository(tmp_path):
    repository = Repository.copy(tmp_path)
    assert repository.novacron("synth", "--check").returncode == 0
    return repository


def changed_by(repository):
    before = repository.published()
    done = repository.novacron("synth")
    assert done.returncode == 0, done.stdout + done.stderr
    return differing(before, repository.published())


def test_one_changed_value_touches_only_the_files_that_show_it(repository):
    repository.change("fleet/production.yaml", "minReplicas: 15", "minReplicas: 16")

    assert changed_by(repository) == {
        f"{EU}/core/api/HorizontalPodAutoscaler.autoscaling_novacron_novacron-api-hpa.yaml",
        f"{EU}/core/operator/NovaCronRegion.novacron.io_novacron_eu-west-1.yaml",
        CLUSTER,
    }


def test_a_new_region_adds_its_own_files_and_touches_only_the_lists_of_regions(repository):
    with (repository.root / "fleet/production.yaml").open("a") as fleet:
        fleet.write(NEW_REGION)
    before = repository.published()
    changed = changed_by(repository)
    outside = {path for path in changed if not path.startswith("generated/production/sa-east-1/")}

    peers = {
        f"generated/production/{region}/dwcp/dwcp/ConfigMap_novacron_novacron-dwcp-config.yaml"
        for region in ("us-east-1", "eu-west-1", "ap-southeast-1")
    }
    lists = {
        f"argocd/applicationsets/{part}/{name}"
        for part in ("core", "dwcp", "monitoring")
        for name in ("production.yaml", f"AppProject.argoproj.io_argocd_novacron-{part}.yaml")
    }
    assert outside == {CLUSTER, *peers, *lists}
    assert (
        not {path for path in changed if path.startswith("generated/production/sa-east-1/")} & before.keys()
    )


def test_adding_a_region_restarts_no_pod_of_the_others(repository):
    before = pod_templates(repository)
    assert "generated/production/us-east-1/dwcp/dwcp" in {str(Path(path).parent) for path in before}
    with (repository.root / "fleet/production.yaml").open("a") as fleet:
        fleet.write(NEW_REGION)
    changed = changed_by(repository)
    assert any("ConfigMap_novacron_novacron-dwcp-config" in path for path in changed)

    after = pod_templates(repository)
    assert {path: after[path] for path in before} == before


def pod_templates(repository):
    """Of each object that has one, by path: a pod restarts when its template changes, and not otherwise."""
    found = {}
    for path, content in repository.published().items():
        if path.startswith("generated/") and b"template:" in content:
            template = yaml.safe_load(content).get("spec", {}).get("template")
            if template is not None:
                found[path] = template
    return found


def test_a_region_that_leaves_takes_its_files_along_and_nothing_else(repository):
    repository.change("fleet/staging.yaml", "  - name: us-east-1", "  - name: us-west-2")
    changed = changed_by(repository)

    assert not (repository.root / "generated/staging/us-east-1").exists()
    assert {path for path in changed if path.startswith("generated/")} == {
        path
        for path in changed
        if path.startswith(("generated/staging/us-east-1/", "generated/staging/us-west-2/"))
    }
