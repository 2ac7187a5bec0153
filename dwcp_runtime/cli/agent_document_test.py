from pathlib import Path

import pytest

from charts_py.contract import http_paths, names, ports
from charts_py.contract.metrics import METRICS
from dwcp_runtime.cli import runtime_exit_codes
from dwcp_runtime.cli.runtime import network_options

TEXT = (Path(__file__).parents[2] / "docs" / "dwcp-agent.md").read_text()
CODES = [value for value in vars(runtime_exit_codes).values() if isinstance(value, int)]
PREFIX = "novacron_dwcp_"


@pytest.mark.parametrize("option", network_options())
def test_every_option_is_documented(option: str):
    assert f"`{option}" in TEXT


@pytest.mark.parametrize("name", [each.name for each in METRICS if each.app == names.DWCP])
def test_every_metric_is_documented(name: str):
    assert name.startswith(PREFIX)
    assert f"`{name.removeprefix(PREFIX)}`" in TEXT


@pytest.mark.parametrize("code", CODES)
def test_every_exit_code_is_documented(code: int):
    assert f"\n| {code} | " in TEXT


def test_every_path_is_documented():
    _, live, ready = ports.HEALTH_PATHS[names.DWCP]
    for path in (live, ready, http_paths.METRICS, http_paths.DWCP_LINKS, http_paths.DWCP_TRANSFERS):
        assert f"`GET {path}`" in TEXT
