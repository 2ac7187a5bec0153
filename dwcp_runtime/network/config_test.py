from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from charts_py.contract.commands import CONFIG_VARIABLE
from charts_py.contract.dwcp import AgentConfig, Networking, Peer
from charts_py.contract.setting import plain
from dwcp_runtime.network.config import config_path, load_config, parse_config
from dwcp_runtime.network.config_error import ConfigError

GENERATED = Path(__file__).parents[2] / "generated"
SOUND = "environment: lab\nregion: lab-1\n"


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "dwcp.yaml")
    return str(caught.value).splitlines()


def test_every_generated_configuration_is_readable():
    maps = sorted(GENERATED.glob("*/*/dwcp/dwcp/ConfigMap_*.yaml"))
    assert maps
    for path in maps:
        text = yaml.safe_load(path.read_text())["data"]["dwcp.yaml"]
        config = parse_config(text.encode(), str(path))
        assert plain(config) == yaml.safe_load(text)


def test_what_is_left_out_has_the_contracts_default():
    assert parse_config(SOUND.encode(), "x") == AgentConfig(environment="lab", region="lab-1")


def test_peers_and_limits_arrive_as_they_are_written():
    text = SOUND + (
        "networking: {rateLimit: 5000000, tcp_nodelay: false}\n"
        'peers: [{region: lab-2, endpoint: "b.example:8888", cidrs: [192.0.2.0/24]}]\n'
    )
    config = parse_config(text.encode(), "x")
    assert config.networking == Networking(rate_limit=5_000_000, tcp_nodelay=False)
    assert config.peers == (Peer(region="lab-2", endpoint="b.example:8888", cidrs=("192.0.2.0/24",)),)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "dwcp.yaml: empty; a configuration has at least environment and region"),
        ("- 1", "dwcp.yaml:1: must be a mapping; found a list"),
        (
            "region: a",
            "dwcp.yaml:1: environment: missing: Environment of the region; peers are of the same one.",
        ),
        (
            SOUND + "hde:\n  compresionLevel: 3\n",
            "dwcp.yaml:4: hde.compresionLevel: unknown key; did you mean compressionLevel? "
            "allowed: compressionLevel, algorithm",
        ),
        (
            SOUND + "hde: {compressionLevel: 20}",
            "dwcp.yaml:3: hde.compressionLevel: must be from 1 to 19; found 20",
        ),
        (
            SOUND + "hde: {algorithm: gzip}",
            "dwcp.yaml:3: hde.algorithm: no such choice; found 'gzip'; allowed: zstd",
        ),
        (
            SOUND + "networking: {rateLimit: 1}",
            "dwcp.yaml:3: networking.rateLimit: must be of 1000000 or more; found 1",
        ),
        (
            SOUND + "networking: {tcp_nodelay: yes}",
            "dwcp.yaml:3: networking.tcp_nodelay: must be true or false; found 'yes'",
        ),
        (
            SOUND + "networking: {mtu: 1_500}",
            "dwcp.yaml:3: networking.mtu: must be a whole number from 1280 to 9216; found '1_500'",
        ),
        (
            SOUND + f"networking: {{mtu: {'9' * 5000}}}",
            "dwcp.yaml:3: networking.mtu: must be a whole number from 1280 to 9216; found '"
            + "9" * 76
            + "...",
        ),
        (
            SOUND + "networking: {mtu: 1500.0}",
            "dwcp.yaml:3: networking.mtu: must be a whole number from 1280 to 9216; found 1500.0",
        ),
        (
            SOUND + "amst:\n  minStreams: 9\n  maxStreams: 8\n",
            "dwcp.yaml:4: amst.minStreams: minStreams must not exceed maxStreams",
        ),
        (
            SOUND + "peers:\n- {region: lab-1, endpoint: 'a:1'}\n",
            "dwcp.yaml:4: peers[0].region: lab-1 is the agent's own region; peers are the other ones",
        ),
        (
            SOUND + "peers:\n- {region: b, endpoint: 'a:1'}\n- {region: b, endpoint: 'a:2'}\n",
            "dwcp.yaml:5: peers[1].region: b is listed twice; give each region once",
        ),
        (
            SOUND + "peers:\n- {region: b, endpoint: 'a:70000'}\n",
            "dwcp.yaml:4: peers[0].endpoint: port 70000 is none; allowed: 1 to 65535",
        ),
        (SOUND + "region: x", "dwcp.yaml:3: region: key given twice"),
        (SOUND + "a: &x 1\nb: *x", "dwcp.yaml:4: an alias; write the value out"),
        (SOUND + "a: !!python/name:os.system x", "dwcp.yaml:3: a tag; remove it, and put text in quotes"),
        ("[" * 40, "dwcp.yaml:1: nested deeper than 32 levels"),
        ("{[]: 1}", "dwcp.yaml:1: keys are plain words"),
    ],
)  # fmt: skip
def test_each_mistake_says_where_it_is_and_what_is_allowed(text: str, line: str):
    assert mistakes(text) == [line]


def test_every_mistake_is_told_at_once():
    assert len(mistakes("region: A\nhde: {compressionLevel: 0}\nmtu: 1\n")) == 4


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match=str(path)):
            load_config(path)
    (tmp_path / "latin.yaml").write_bytes(b"region: a\nenvironment: \xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml:2: not UTF-8"):
        load_config(tmp_path / "latin.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ConfigError, match="larger than 1024 KiB"):
        load_config(tmp_path / "large.yaml")


def test_the_argument_goes_before_the_variable_and_one_of_them_is_needed():
    assert config_path("a", {CONFIG_VARIABLE: "b"}) == Path("a")
    assert config_path(None, {CONFIG_VARIABLE: "b"}) == Path("b")
    with pytest.raises(ConfigError, match="--config FILE or set NOVACRON_CONFIG"):
        config_path(None, {})


@given(st.binary(max_size=200) | st.text(alphabet="abregion:{}[]-,&*!'\"\n \t1\0\x1b\u2028").map(str.encode))
def test_whatever_the_file_holds_is_a_configuration_or_a_config_error(data: bytes):
    try:
        parse_config(data, "x")
    except ConfigError as error:
        assert str(error).startswith("x")
