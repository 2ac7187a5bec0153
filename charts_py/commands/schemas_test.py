from __future__ import annotations

import pytest

from charts_py.cli import main
from charts_py.tree.schemas.update_test import Upstreams, crd


@pytest.fixture
def upstreams(tmp_path):
    made = Upstreams(tmp_path)
    made.release(crd("Widget", {"type": "string"}), kinds=["Widget"])
    return made


def command(upstreams, *options):
    return main(
        [
            "schemas",
            "update",
            "--schemas",
            str(upstreams.schemas),
            "--mirror",
            str(upstreams.mirror),
            *options,
        ]
    )


def test_update_says_what_it_wrote_and_check_then_agrees(upstreams, capsys):
    assert command(upstreams) == 0
    assert capsys.readouterr().out.startswith("+ ")
    assert command(upstreams, "--check") == 0


def test_check_exits_1_with_the_list_and_the_command_that_helps(upstreams, capsys):
    assert command(upstreams, "--check") == 1
    said = capsys.readouterr()
    assert "widget_v1.json" in said.out
    assert "novacron schemas update" in said.err


def test_an_error_is_one_line_and_exits_2(upstreams, capsys):
    (upstreams.mirror / "widgets-1.0.yaml").unlink()
    assert command(upstreams) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("error: widgets: the mirror has no readable")
