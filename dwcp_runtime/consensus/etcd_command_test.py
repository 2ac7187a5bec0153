import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dwcp_runtime.consensus.etcd_command import MemberCommand, cluster_token
from dwcp_runtime.consensus.view import Timings

COMMAND = MemberCommand(
    etcd=Path("etcd"),
    version=(3, 6, 16),
    name="a-0",
    data=Path("/data/etcd"),
    peer_url="https://a-0.svc:2380",
    client_url="https://a-0.svc:2379",
    listen="0.0.0.0",
    peer_port=2380,
    client_port=2379,
    cluster={"a-0": "https://a-0.svc:2380", "a-1": "https://a-1.svc:2380"},
    state="existing",
    epoch=3,
    timings=Timings(heartbeat_ms=150, election_ms=1500),
    tls=Path("/tls"),
)


def test_both_ports_demand_certificates_unless_there_is_no_tls():
    words = COMMAND.words()
    for prefix in ("", "peer-"):
        assert f"--{prefix}client-cert-auth=true" in words
        assert f"--{prefix}trusted-ca-file=/tls/ca.crt" in words
    assert "--listen-peer-urls=https://0.0.0.0:2380" in words
    plain = replace(COMMAND, tls=None).words()
    assert not any("cert" in word or "https://0" in word for word in plain)


def test_two_epochs_have_two_tokens():
    assert cluster_token(1) != cluster_token(2)
    assert f"--initial-cluster-token={cluster_token(3)}" in COMMAND.words()


def test_every_joining_member_may_be_a_learner_at_the_same_time():
    assert "--max-learners=11" in COMMAND.words()
    assert "--experimental-max-learners=11" in replace(COMMAND, version=(3, 5, 33)).words()


@pytest.mark.parametrize("unsafe", [True, False])
def test_data_is_synced_unless_a_test_says_otherwise(unsafe):
    assert ("--unsafe-no-fsync" in replace(COMMAND, synced=not unsafe).words()) is unsafe


def test_the_pinned_etcd_knows_every_option(tools):
    known = subprocess.run([tools / "etcd", "--help"], capture_output=True, text=True, check=False)
    for word in replace(COMMAND, synced=False, force_new=True).words()[1:]:
        assert f"{word.partition('=')[0]} " in (known.stdout + known.stderr).replace("\n", " ")
