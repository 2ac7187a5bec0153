from dataclasses import replace

import pytest

from charts_py.contract import names
from dwcp_runtime.consensus.options import OptionError, Options, check_insecure, placed

PATTERN = "lab-{i}=10.0.0.{i+1}"
POD = {"POD_NAME": f"{names.CONSENSUS}-2", "POD_NAMESPACE": names.NAMESPACE}


def test_a_pod_needs_no_option():
    me, peers = placed(name=None, peers=None, environment=POD)
    assert me.ordinal == 2
    assert me.host.startswith(f"{names.CONSENSUS}-2.{names.CONSENSUS_HEADLESS}.{names.NAMESPACE}.svc")
    assert peers.members[2] == me


def test_options_go_before_the_environment():
    me, _ = placed(name="lab-1", peers=PATTERN, environment=POD)
    assert me.host == "10.0.0.2"


@pytest.mark.parametrize(
    ("name", "peers", "environment", "said"),
    [
        (None, PATTERN, {}, "Give --name or set POD_NAME"),
        ("lab", PATTERN, {}, "has no ordinal"),
        ("lab-0", None, {}, "Give --peers PATTERN or set POD_NAMESPACE"),
        ("other-0", PATTERN, {}, "none of the members; they are lab-0"),
        ("lab-99", PATTERN, {}, "none of the members"),
        ("lab-0", "lab-{i}", {}, "--peers 'lab-{i}' gives 'lab-0'"),
    ],
)
def test_a_member_that_is_nowhere_is_refused_with_what_to_do(name, peers, environment, said):
    with pytest.raises(OptionError) as caught:
        placed(name=name, peers=peers, environment=environment)
    assert said in str(caught.value)


def test_without_tls_only_loopback_is_listened_on_unless_it_is_forced():
    me, peers = placed(name="lab-0", peers=PATTERN, environment={})
    options = Options(me=me, peers=peers, tls=None)
    with pytest.raises(OptionError, match="--force-insecure"):
        check_insecure(options, forced=False)
    check_insecure(options, forced=True)
    here, peers = placed(name="lab-0", peers="lab-{i}=127.0.0.{i+1}", environment={})
    check_insecure(replace(options, me=here, peers=peers), forced=False)


def test_a_member_with_a_name_listens_everywhere_and_reaches_its_etcd_without_a_name_service():
    me, peers = placed(name=None, peers=None, environment=POD)
    options = Options(me=me, peers=peers)
    assert options.listen == "0.0.0.0"
    assert options.own_url == "https://127.0.0.1:2379"
    me, peers = placed(name="lab-0", peers="lab-{i}=[fd00::{i+1}]", environment={})
    options = Options(me=me, peers=peers, tls=None)
    assert options.listen == "[fd00::1]"
    assert options.own_url == "http://[fd00::1]:2379"
