from pathlib import Path

from charts_py.contract.environment import Environment
from charts_py.fleet.explain import explain
from charts_py.fleet.read import read_fleet, read_sources

FLEET = Path(__file__).parents[1] / "fleet"


def production() -> Environment:
    return next(environment for environment in read_fleet(FLEET) if environment.name == "production")


def test_each_region_can_read_the_cross_region_backups_of_every_other_one() -> None:
    regions = production().regions
    for region in regions:
        others = {other.name: other.backup.cross_region for other in regions if other is not region}
        assert {copies.region: copies.bucket for copies in region.copies} == others


def test_explain_says_where_the_copies_come_from() -> None:
    (row,) = explain(read_sources(FLEET), "production.us-east-1.copies")
    assert "backup.crossRegion" in str(row)
    assert "eu-west-1" in str(row)
