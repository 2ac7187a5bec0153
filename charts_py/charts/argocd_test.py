from __future__ import annotations

import cdk8s

from charts_py.charts.argocd import ArgoCdChart
from charts_py.contract.manifest import Manifest


def project(name: str) -> Manifest:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name}}


def test_each_file_gets_its_objects_back_also_where_two_clusters_have_one_of_the_same_name() -> None:
    files = {
        "novacron-core.yaml": [project("a"), project("b")],
        "lab/lab-1/novacron-core.yaml": [project("core")],
        "lab/lab-2/novacron-core.yaml": [project("core")],
    }
    assert ArgoCdChart(cdk8s.App(), files).files() == files
