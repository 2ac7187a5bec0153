import json
from pathlib import Path

from charts_py.fleet.fleet_schema import FILE, fleet_schema_text

REPOSITORY = Path(__file__).parents[2]


def test_the_committed_schema_is_what_the_classes_give() -> None:
    again = f"python -m charts_py.fleet.fleet_schema > {FILE}"
    assert (REPOSITORY / FILE).read_text() == fleet_schema_text(), f"make it again: {again}"


def test_each_fleet_file_points_its_editor_at_the_schema() -> None:
    for file in (REPOSITORY / "fleet").glob("*.yaml"):
        assert file.read_text().startswith(f"# yaml-language-server: $schema=../{FILE}\n")


def test_an_editor_can_describe_every_setting() -> None:
    def undescribed(schema: dict[str, object], path: str) -> list[str]:
        properties = schema.get("properties")
        below = properties if isinstance(properties, dict) else {}
        missing = [path] if "description" not in schema and path else []
        return missing + [
            name for key, entry in below.items() for name in undescribed(entry, f"{path}.{key}")
        ]

    assert undescribed(json.loads(fleet_schema_text()), "") == []
