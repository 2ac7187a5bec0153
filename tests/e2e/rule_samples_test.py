import pytest

from charts_py.contract.load import broken_rules, load
from tests.e2e.rule_samples import LAB_KIND, SPECS, fleet_only, lab_definition, rules, samples

# The reader of a file has no older version of it to compare with.
JUDGED_BY_BOTH = [rule for rule in rules() if "oldSelf" not in rule.cel]


@pytest.mark.parametrize("rule", JUDGED_BY_BOTH, ids=lambda rule: rule.message)
def test_every_rule_is_broken_by_a_sample_and_kept_by_another(rule):
    broken = [rule.message in sample.broken for sample in samples()]
    assert any(broken)
    assert not all(broken)


def test_only_the_rule_about_a_changed_name_needs_an_older_version():
    assert len(rules()) - len(JUDGED_BY_BOTH) == 1


def test_samples_reach_every_place_of_a_class():
    in_regions = [s for s in samples() if "acp" in str(s.object["spec"].get("regions"))]
    in_dwcp = [s for s in samples() if "acp" in str(s.object["spec"].get("dwcp"))]
    assert {_kind(sample) for sample in in_regions} == {"NovaCronCluster"}
    assert {_kind(sample) for sample in in_dwcp} == {"NovaCronCluster", "NovaCronRegion"}


@pytest.mark.parametrize("kind", SPECS)
def test_the_smallest_spec_of_a_kind_breaks_no_rule(kind):
    spec, smallest = SPECS[kind]
    assert list(broken_rules(load(spec, smallest))) == []


def test_classes_of_the_fleet_file_alone_get_a_definition():
    assert sorted(cls.__name__ for cls in fleet_only()) == ["ArgoCd", "ImagePin"]
    assert lab_definition()["spec"]["names"]["kind"] == LAB_KIND


def _kind(sample):
    return sample.object["kind"]
