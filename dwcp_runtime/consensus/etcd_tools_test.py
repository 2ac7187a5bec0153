import pytest

from dwcp_runtime.consensus import etcd_tools
from dwcp_runtime.consensus.etcd_tools import ToolError
from dwcp_runtime.consensus.etcd_version import EtcdVersionError


def program(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_pinned_etcd_is_found_and_trusted(tools):
    found = etcd_tools.find(tools)
    assert found.version >= (3, 6, 14)
    assert found.etcdutl.name == "etcdutl"


def test_a_program_that_is_not_there_is_named_with_where_it_was_looked_for(tmp_path, monkeypatch):
    with pytest.raises(ToolError, match=f"no etcd in {tmp_path}"):
        etcd_tools.find(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="no etcd on PATH"):
        etcd_tools.find(None)


def test_an_etcd_with_a_known_fault_is_refused(tmp_path):
    program(tmp_path, "etcdutl", "exit 0")
    program(tmp_path, "etcd", "echo 'etcd Version: 3.6.13'")
    with pytest.raises(EtcdVersionError, match="GHSA-xg4h-6gfc-h4m8"):
        etcd_tools.find(tmp_path)
    program(tmp_path, "etcd", "exit 1")
    with pytest.raises(EtcdVersionError, match="no version"):
        etcd_tools.find(tmp_path)
