from pathlib import Path

import pytest

from charts_py.fleet.check import FleetSource
from charts_py.fleet.explain import UnknownPathError, explain, render_rows
from charts_py.fleet.read import read_sources

TEXT = """\
environment: lab
version: 3.0.0
defaults:
  api: {minReplicas: 4, spot: true}
  security: {issuer: {kind: Issuer}}
regions:
  - name: us-east-1
    api: {minReplicas: 20}
    security: {issuer: {name: x}}
    network: {dwcpEndpoint: "us:8888"}
  - name: eu-west-1
    cluster: eu
    security: {issuer: {name: y}}
waivers:
  - {rule: r, object: o, reason: why, expires: 2030-01-31}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FleetSource, ...]:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "lab.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return read_sources(Path("fleet"))


def told(files: tuple[FleetSource, ...], path: str) -> list[tuple[str, object, str]]:
    return [(row.path.removeprefix("lab."), row.value, str(row.origin)) for row in explain(files, path)]


@pytest.mark.parametrize(
    "path",
    [
        "lab.regions.us-east-1.api.minReplicas",
        "lab/us-east-1 api.minReplicas",
        "lab/us-east-1/api/minReplicas",
        "lab regions[0].api.minReplicas",
    ],
)
def test_each_comfortable_spelling_of_a_path_means_the_same(
    files: tuple[FleetSource, ...], path: str
) -> None:
    assert told(files, path) == [("regions.us-east-1.api.minReplicas", 20, "fleet/lab.yaml:8:24")]


@pytest.mark.parametrize(
    ("path", "value", "origin"),
    [
        ("eu-west-1.api.minReplicas", 4, "fleet/lab.yaml:4:22"),
        ("eu-west-1.api.maxReplicas", 100, "default"),
        ("eu-west-1.api.resources.limits.memory", None, "default: the memory request"),
        ("eu-west-1.security.issuer.name", "y", "fleet/lab.yaml:13:31"),
        ("eu-west-1.security.issuer.kind", "Issuer", "fleet/lab.yaml:5:29"),
        ("eu-west-1.cluster", "eu", "fleet/lab.yaml:12:14"),
        ("us-east-1.cluster", "us-east-1", "derived: the region's name"),
        ("us-east-1.version", "3.0.0", "fleet/lab.yaml:2:10"),
        ("us-east-1.network.kubeApiCIDRs", ["0.0.0.0/0"], "default"),
        ("home", "us-east-1", "derived: the first region"),
        ("waivers.0.expires", "2030-01-31", "fleet/lab.yaml:15:48"),
        ("defaults.api.spot", True, "fleet/lab.yaml:4:31"),
        (
            "eu-west-1.peers",
            ["us-east-1"],
            "derived: every other region with dwcp.enabled and network.dwcpEndpoint",
        ),
    ],
)
def test_every_value_says_where_it_comes_from(
    files: tuple[FleetSource, ...], path: str, value: object, origin: str
) -> None:
    [(_, found, where)] = told(files, f"lab.{path}")
    assert (found, where) == (value, origin)


def test_a_setting_without_a_region_is_shown_for_each(files: tuple[FleetSource, ...]) -> None:
    assert [row[:2] for row in told(files, "lab api.minReplicas")] == [
        ("regions.us-east-1.api.minReplicas", 20),
        ("regions.eu-west-1.api.minReplicas", 4),
    ]


def test_a_mapping_lists_all_below_it(files: tuple[FleetSource, ...]) -> None:
    assert [row[0] for row in told(files, "lab.us-east-1.dwcp.acp")] == [
        f"regions.us-east-1.dwcp.acp.{key}" for key in ("nodes", "quorumSize", "consensusEngine")
    ]
    assert {row[0] for row in told(files, "lab")} <= {row[0] for row in told(files, "")}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("lba", "nothing is called lba; did you mean lab? known: lab"),
        (
            "lab.us-east-1.dwcp.acp.node",
            "nothing is called node under lab.regions.us-east-1.dwcp.acp; did you mean nodes? "
            "known: nodes, quorumSize, consensusEngine",
        ),
        ("lab.version.x", "nothing is called x under lab.version: it is a value"),
    ],
)
def test_a_path_that_names_nothing_gives_the_nearest(
    files: tuple[FleetSource, ...], path: str, message: str
) -> None:
    with pytest.raises(UnknownPathError) as error:
        explain(files, path)
    assert str(error.value) == message


def test_rows_are_aligned_as_text_and_complete_as_json(files: tuple[FleetSource, ...]) -> None:
    rows = explain(files, "lab.us-east-1.api.resources.limits")
    assert render_rows(rows).split("\n") == [
        "lab.regions.us-east-1.api.resources.limits.cpu     -  default",
        "lab.regions.us-east-1.api.resources.limits.memory  -  default: the memory request",
    ]
    assert [row.to_json() for row in explain(files, "lab.version")] == [
        {
            "path": "lab.version",
            "value": "3.0.0",
            "origin": {"kind": "file", "file": "fleet/lab.yaml", "line": 2, "column": 10},
        }
    ]


def test_an_effective_value_is_the_one_the_region_has(files: tuple[FleetSource, ...]) -> None:
    region = files[0].environment.regions[0]
    shown = {
        row.path.removeprefix("lab.regions.us-east-1."): row.value for row in explain(files, "lab.us-east-1")
    }
    assert shown["api.spot"] is region.api.spot is True
    assert shown["dwcp.acp.nodes"] == region.dwcp.acp.nodes
