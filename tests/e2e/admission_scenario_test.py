import pytest

from tests.e2e.admission_scenario import by_object
from tests.e2e.report import CheckError

TWO = """The NovaCronCluster "sample-1" is invalid: spec.dwcp.acp: Invalid value: even
The NovaCronRegion "sample-7" is invalid:
* spec.dwcp.amst: Invalid value: streams
* spec.dwcp.acp: Invalid value: even
"""
PREFIX = 'Error from server (Invalid): error when creating "STDIN": '
SEVERAL = (
    f'{PREFIX}NovaCronCluster.novacron.io "sample-2" is invalid: spec.regions[0]: Invalid value: too many\n'
    f'{PREFIX}NovaCronRegion.novacron.io "sample-6" is invalid: even\n'
)


def test_refusals_of_a_list_are_told_apart():
    assert by_object(SEVERAL) == {
        "sample-2": "spec.regions[0]: Invalid value: too many",
        "sample-6": "even",
    }


def test_each_refused_object_gets_what_was_said_about_it():
    found = by_object(TWO)
    assert found["sample-1"] == "spec.dwcp.acp: Invalid value: even"
    assert "streams" in found["sample-7"]
    assert found.keys() == {"sample-1", "sample-7"}


def test_nothing_said_is_nothing_refused():
    assert by_object("") == {}


def test_a_refusal_that_names_no_object_is_no_verdict():
    with pytest.raises(CheckError, match="connection refused"):
        by_object("Error: connection refused\n" + TWO)
