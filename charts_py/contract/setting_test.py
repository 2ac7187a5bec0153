from dataclasses import dataclass, fields

import pytest

from charts_py.contract.crds import NovaCronRegionSpec
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.dwcp import Amst, Dwcp, Networking
from charts_py.contract.platform import Network
from charts_py.contract.region import RegionSettings
from charts_py.contract.setting import info_of, key_of, matches, plain, rules_of


def test_outside_spelling_is_camel_case_with_acronyms_as_kubernetes_writes_them():
    keys = {key_of(declared) for cls in (ArgoCd, Network, Amst) for declared in fields(cls)}

    assert {"repoURL", "kubeApiCIDRs", "dwcpEndpoint", "minStreams"} <= keys


def test_the_guides_own_spelling_of_a_setting_is_kept():
    assert "tcp_nodelay" in {key_of(declared) for declared in fields(Networking)}


def test_plain_data_leaves_out_what_is_not_set_and_keeps_declaration_order():
    data = plain(Dwcp())

    assert list(data) == ["enabled", "amst", "hde", "acp", "networking"]
    assert "quorumSize" not in data["acp"]


def test_a_field_declared_without_setting_is_a_programming_error():
    @dataclass(frozen=True)
    class Undeclared:
        name: str = "x"

    with pytest.raises(TypeError, match="name is not declared with setting"):
        info_of(fields(Undeclared)[0])


def test_a_class_keeps_the_rules_of_what_it_extends():
    inherited = {rule.message for rule in rules_of(RegionSettings)}

    assert inherited < {rule.message for rule in rules_of(NovaCronRegionSpec)}


def test_a_line_break_after_the_end_of_a_pattern_is_no_match():
    assert matches("^[0-9]+$", "30")
    assert not matches("^[0-9]+$", "30\n")
