from pathlib import Path

import pytest
import yaml

from bench.fleet import change_one_field, write_fleet
from charts_py.fleet.read import read_fleet

PRODUCTION = Path(__file__).resolve().parent.parent / "fleet" / "production.yaml"


@pytest.mark.parametrize("regions", [None, 1, 7])
def test_a_fleet_of_any_size_is_sound_and_has_as_many_regions(tmp_path: Path, regions: int | None) -> None:
    write_fleet(PRODUCTION, regions, tmp_path / "production.yaml")

    (environment,) = read_fleet(tmp_path)

    assert len(environment.regions) == (regions or 3)


def test_a_change_is_one_value_of_one_region_each_time(tmp_path: Path) -> None:
    fleet = tmp_path / "production.yaml"
    write_fleet(PRODUCTION, 4, fleet)

    for _ in range(60):
        before = yaml.safe_load(fleet.read_text())
        change_one_field(fleet)
        after = yaml.safe_load(fleet.read_text())

        assert after["regions"][0]["api"].pop("minReplicas") != before["regions"][0]["api"].pop("minReplicas")
        assert after == before
