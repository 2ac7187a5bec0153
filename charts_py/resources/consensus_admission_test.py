from __future__ import annotations

from charts_py.contract import names
from charts_py.resources import consensus_admission


def test_both_ways_to_change_the_count_are_watched_and_nothing_else():
    policy, binding = consensus_admission.manifests()
    (rule,) = policy["spec"]["matchConstraints"]["resourceRules"]
    assert rule["resources"] == ["statefulsets", "statefulsets/scale"]
    assert rule["resourceNames"] == [names.CONSENSUS]
    selector = binding["spec"]["matchResources"]["namespaceSelector"]
    assert selector == {"matchLabels": {"kubernetes.io/metadata.name": "novacron"}}


def test_a_violation_is_denied_even_when_the_policy_itself_fails():
    policy, binding = consensus_admission.manifests()
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert binding["spec"]["validationActions"] == ["Deny"]
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]


def test_every_refusal_gives_its_reason_and_spares_the_operator():
    policy, _ = consensus_admission.manifests()
    for validation in policy["spec"]["validations"]:
        assert validation["expression"].startswith("variables.free || ")
        assert "wanted" in validation["messageExpression"]
    variables = {each["name"]: each["expression"] for each in policy["spec"]["variables"]}
    assert "system:serviceaccount:novacron-system:novacron-operator" in variables["free"]
