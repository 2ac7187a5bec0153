import pytest

from dwcp_runtime.consensus.etcd_version import EtcdVersionError, check, parse


@pytest.mark.parametrize("version", [(3, 5, 33), (3, 5, 40), (3, 6, 14), (3, 6, 16)])
def test_a_sound_version_passes(version):
    check(version)


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ((3, 6, 13), "GHSA-xg4h-6gfc-h4m8"),
        ((3, 5, 32), "GHSA-xg4h-6gfc-h4m8"),
        ((3, 6, 11), "issue 21694"),
        ((3, 6, 10), "while another one is down"),
        ((3, 5, 0), "issue 20793"),
        ((3, 4, 44), "out of support"),
        ((3, 7, 1), "has not been tried"),
    ],
)
def test_another_version_is_refused_by_the_name_of_its_fault(version, fault):
    with pytest.raises(EtcdVersionError, match=fault) as caught:
        check(version)
    assert "allowed: 3.5.33 or newer 3.5 or 3.6.14 or newer 3.6" in str(caught.value)


def test_the_version_is_read_from_what_etcd_prints():
    assert parse("etcd Version: 3.6.16\nGit SHA: Not provided\nGo Version: go1.26.8\n") == (3, 6, 16)
    with pytest.raises(EtcdVersionError, match="no version"):
        parse("Go Version: go1.26.8")
