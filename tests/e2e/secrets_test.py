from pathlib import Path

from tests.e2e.secrets import issued
from tests.e2e.tree import File, RegionTree


def tree_of(*objects):
    files = [File(path=Path("file.yaml"), object=found) for found in objects]
    return RegionTree(environment="lab", region="lab-1", files=files)


def daemon_set(**secret):
    pod = {"volumes": [{"name": "tls", "secret": secret}, {"name": "tmp", "emptyDir": {}}]}
    metadata = {"namespace": "novacron", "name": "agent"}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata,
        "spec": {"template": {"spec": pod}},
    }


def test_a_mounted_secret_that_nobody_makes_is_issued():
    (secret,) = issued(tree_of(daemon_set(secretName="agent-tls")))
    assert secret["metadata"] == {"namespace": "novacron", "name": "agent-tls"}


def test_a_secret_of_the_tree_is_left_alone():
    own = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": "novacron", "name": "agent-tls"},
    }
    assert issued(tree_of(own, daemon_set(secretName="agent-tls"))) == []


def test_a_secret_that_may_be_missing_stays_missing():
    assert issued(tree_of(daemon_set(secretName="agent-tls", optional=True))) == []
