import pytest

from tests.e2e.argo_rounds import Round
from tests.e2e.kubectl import Object
from tests.e2e.report import CheckError

OLD, NEW = "a" * 40, "b" * 40


def application(told: str, runs: str, *, health: str = "Healthy") -> Object:
    status = {"sync": {"status": "Synced", "revision": runs}, "health": {"status": health}}
    return {"spec": {"source": {"targetRevision": told}}, "status": status}


def round_of_two() -> Round:
    return Round(part="core", names=["us", "eu"], revision=NEW)


def test_a_region_may_begin_once_the_one_ahead_is_done() -> None:
    watched = round_of_two()
    watched.look({"us": application(OLD, OLD), "eu": application(OLD, OLD)}, 0)
    watched.look({"us": application(NEW, OLD), "eu": application(OLD, OLD)}, 1)
    watched.look({"us": application(NEW, NEW), "eu": application(OLD, OLD)}, 2)
    watched.look({"us": application(NEW, NEW), "eu": application(NEW, OLD)}, 3)
    assert not watched.over
    watched.look({"us": application(NEW, NEW), "eu": application(NEW, NEW)}, 4)
    assert watched.over
    assert watched.told(1) == "core: us 0.0-1.0 s, eu 2.0-3.0 s"


@pytest.mark.parametrize(
    "ahead", [application(OLD, OLD), application(NEW, OLD), application(NEW, NEW, health="Progressing")]
)
def test_a_region_that_begins_early_is_found(ahead: Object) -> None:
    with pytest.raises(CheckError, match="eu was given bbbbbbbb while us did not run it yet"):
        round_of_two().look({"us": ahead, "eu": application(NEW, OLD)}, 0)


def test_a_region_that_does_not_exist_yet_is_not_done() -> None:
    watched = round_of_two()
    watched.look({"us": application(NEW, NEW)}, 0)
    assert not watched.over
