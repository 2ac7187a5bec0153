from typing import Any

import pytest

from charts_py.tree.checks.argocd_templates import UnreadableError, applications


def made(generator: dict[str, Any], name: str, directories: list[str] | None = None) -> list[str]:
    template = {"metadata": {"name": name}}
    manifest = {"spec": {"generators": [generator], "template": template}}
    return [item["metadata"]["name"] for item in applications(manifest, dict.fromkeys(directories or []))]


def test_a_field_is_filled_in_with_or_without_spaces_and_trimming() -> None:
    generator = {"list": {"elements": [{"a": {"b": "x"}, "n": 1}]}}
    assert made(generator, "{{.a.b}}-{{ .a.b }}-{{- .n -}}") == ["x-x-1"]


def test_a_directory_pattern_stays_on_its_level() -> None:
    generator = {"git": {"directories": [{"path": "g/*"}]}}
    assert made(generator, "{{.path.basename}}", ["g", "g/a", "g/a/b", "h/c"]) == ["a"]


@pytest.mark.parametrize("expression", [".missing", ".a | upper", "index .path.segments 9", "", "if .a"])
def test_an_expression_without_a_value_is_unreadable(expression: str) -> None:
    with pytest.raises(UnreadableError, match="no value"):
        made({"list": {"elements": [{"a": {}}]}}, "{{" + expression + "}}")
