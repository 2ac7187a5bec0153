from charts_py.contract.manifest import ObjectId
from charts_py.tree.finding import Finding
from charts_py.tree.finding_text import findings_text

SERVICE = ObjectId(group="", kind="Service", namespace="novacron", name="novacron-api")


def finding(cluster, message="no such port"):
    return Finding(
        rule="port-missing", cluster=cluster, object=SERVICE, field="spec.ports[0]", message=message
    )


def test_the_same_fault_in_many_regions_is_told_once():
    text = findings_text([finding(f"lab/{number}") for number in range(6)])

    assert text.splitlines() == [
        "port-missing: Service novacron/novacron-api at spec.ports[0] "
        "(lab/0, lab/1, lab/2, lab/3 and 2 more)",
        "    no such port",
    ]


def test_different_messages_stay_apart():
    assert len(findings_text([finding("lab/1"), finding("lab/1", "another")]).splitlines()) == 4
