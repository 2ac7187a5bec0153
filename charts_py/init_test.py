from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import charts_py

ROOT = Path(__file__).parent.parent


def test_importing_the_package_and_its_settings_does_not_load_cdk8s() -> None:
    code = (
        "import sys, charts_py; charts_py.Region; assert not {'cdk8s', 'jsii', 'constructs'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_every_public_name_is_there() -> None:
    assert [getattr(charts_py, name).__name__ for name in charts_py.__all__ if name != "Manifest"] == [
        name for name in charts_py.__all__ if name != "Manifest"
    ]


def test_types_names_and_homes_are_the_same_list() -> None:
    tree = ast.parse(Path(charts_py.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == charts_py._HOMES
    assert charts_py.__all__ == sorted(typed, key=list(charts_py._HOMES).index)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(charts_py, "Nothing")
