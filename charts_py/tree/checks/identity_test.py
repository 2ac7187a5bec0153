import copy

import pytest

from charts_py.tree.checks.baseline import Baseline
from charts_py.tree.checks.identity import count


def test_two_objects_with_one_identity_are_found(tree: Baseline) -> None:
    second = copy.deepcopy(tree.get("HorizontalPodAutoscaler", "novacron-api-hpa"))
    second["apiVersion"] = "autoscaling/v1"
    tree.objects.append(second)
    hpa = "HorizontalPodAutoscaler.autoscaling novacron/novacron-api-hpa"
    tree.breaks("duplicate-object", hpa, "metadata.name")


@pytest.mark.parametrize(
    "item", [{}, {"kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 7}}]
)
def test_an_object_without_an_identity_is_found(tree: Baseline, item: dict[str, object]) -> None:
    tree.objects.append(item)
    found = [finding for finding in tree.findings() if finding.rule == "object-unidentified"]
    assert [finding.object.name for finding in found] == [f"object {len(tree.objects) - 1}"]


def test_as_many_files_come_out_as_objects_went_in() -> None:
    assert count("test/one", 2, ["a.yaml", "b.yaml"]) == []


@pytest.mark.parametrize("files", [["a.yaml"], ["a.yaml", "a.yaml"], ["a.yaml", "A.yaml"], ["a", "b", "c"]])
def test_a_lost_or_shared_file_is_found(files: list[str]) -> None:
    (finding,) = count("test/one", 2, files)
    assert finding.rule == "object-count-mismatch"
    assert "2 objects went in" in finding.message
