"""What the daemon set starts is the agent: the generated container's own words, and the real process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
import trustme
import yaml

from charts_py.contract import agent_memory, commands, names
from charts_py.contract.certificates import agent_name
from charts_py.contract.dwcp import AgentConfig
from charts_py.contract.load import load
from dwcp_runtime.cli import runtime_exit_codes
from dwcp_runtime.encoding.inventory import DEFAULT_MAX_PAGES, STATE_BYTES_PER_PAGE
from dwcp_runtime.encoding.pages import PAGE
from dwcp_runtime.network.options import Options
from dwcp_runtime.transport.limits import DEFAULT_BLOCK
from tests.repository import ROOT

REGIONS = ["example/local", "production/us-east-1"]

START = (
    "import dataclasses, json, sys\n"
    "from charts_py.contract import commands, ports\n"
    "mounts, published = (json.loads(sys.argv.pop(1)) for _ in range(2))\n"
    "for name in ('TLS_MOUNT', 'DATA_MOUNT'):\n"
    "    setattr(commands, name, mounts.get(getattr(commands, name), getattr(commands, name)))\n"
    "for name in ('DWCP_TRANSPORT', 'DWCP_ADMIN'):\n"
    "    port = getattr(ports, name)\n"
    "    number = published.get(str(port.number), port.number)\n"
    "    setattr(ports, name, dataclasses.replace(port, number=number))\n"
    "from dwcp_runtime.cli.runtime import main\n"
    "main()\n"
)
"""The image's entry point, where the paths of the mounts lead elsewhere, and ports that are taken, too."""


def manifest(region: str, kind: str, name: str) -> dict[str, Any]:
    (file,) = (ROOT / "generated" / region / "dwcp" / "dwcp").glob(f"{kind}*_{name}.yaml")
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def pod(region: str) -> dict[str, Any]:
    found: dict[str, Any] = manifest(region, "DaemonSet", names.DWCP)["spec"]["template"]["spec"]
    return found


def config(region: str) -> str:
    text: str = manifest(region, "ConfigMap", names.DWCP_CONFIG)["data"][names.DWCP_CONFIG_FILE]
    return text


def issue(authority: trustme.CA, folder: Path, *dns_names: str) -> None:
    leaf = authority.issue_cert(*dns_names)
    leaf.private_key_pem.write_to_path(folder / "tls.key")
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(folder / "tls.crt", append=True)
    authority.cert_pem.write_to_path(folder / "ca.crt")


def own_names(region: str) -> list[str]:
    """As the Certificate says; where the operator issues, it takes the agent's name."""
    if region.startswith("example/"):
        return [agent_name(*region.split("/"))]
    found: list[str] = manifest(region, "Certificate", f"{names.DWCP}-tls")["spec"]["dnsNames"]
    return found


class Container:
    """The generated container as a process, its mounts below a folder."""

    def __init__(self, region: str, folder: Path, authority: trustme.CA) -> None:
        self.spec = pod(region)["containers"][0]
        volumes = {volume["name"]: volume for volume in pod(region)["volumes"]}
        self.mounts: dict[str, str] = {}
        for mount in self.spec["volumeMounts"]:
            place = folder / mount["name"]
            place.mkdir()
            self.mounts[mount["mountPath"]] = str(place)
            volume = volumes[mount["name"]]
            if "configMap" in volume:
                found = manifest(region, "ConfigMap", volume["configMap"]["name"])
                for name, text in found["data"].items():
                    (place / name).write_text(text)
            elif "secret" in volume:
                issue(authority, place, *own_names(region))
        self.data = Path(self.mounts[commands.DATA_MOUNT])
        numbers = [port["containerPort"] for port in self.spec["ports"]]
        self.published = {str(number): free_port(number) for number in numbers}
        self.ports = {port["name"]: self.published[str(port["containerPort"])] for port in self.spec["ports"]}

    def environment(self) -> dict[str, str]:
        """Exactly what the container gets, and where the image would find Python's modules."""
        found = {"PYTHONPATH": str(ROOT)}
        for entry in self.spec["env"]:
            value = entry.get("value", "from the pod")
            for path, place in self.mounts.items():
                if value.startswith(f"{path}/"):
                    value = place + value.removeprefix(path)
                    break
            found[entry["name"]] = value
        return found

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-c", START, json.dumps(self.mounts), json.dumps(self.published)]
            + self.spec["args"],
            cwd="/",
            env=self.environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def probe(self, name: str) -> int:
        """The status of one of the pod's probes, as the kubelet asks; 0 while nobody answers."""
        wanted = self.spec[name]["httpGet"]
        url = f"http://127.0.0.1:{self.ports[wanted['port']]}{wanted['path']}"
        try:
            with urllib.request.urlopen(url, timeout=self.spec[name]["timeoutSeconds"]) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return 0


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """One run of these tests at a time on a machine: they use the agent's own ports."""
    with (Path(gettempdir()) / f"novacron-agent-ports-{os.getuid()}").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def free_port(wanted: int) -> int:
    """The port itself, or another one if it belongs to somebody else."""
    for number in (wanted, 0):
        with suppress(OSError), socket.create_server(("", number)) as server:
            return int(server.getsockname()[1])
    raise AssertionError("no port is free")


def serving(process: subprocess.Popen[str]) -> list[str]:
    """What the agent logged until it serves."""
    assert process.stderr is not None
    events = []
    for line in process.stderr:
        events.append(json.loads(line)["event"] if line.startswith("{") else line)
        if events[-1] == "serving":
            return events
    raise AssertionError(f"ended after {events}")


@pytest.mark.parametrize("region", REGIONS)
def test_the_generated_container_is_live_and_ready_by_its_own_probes(tmp_path: Path, region: str):
    container = Container(region, tmp_path, trustme.CA())
    with container.started() as process:
        assert serving(process) == ["serving"]
        startup = container.spec["startupProbe"]
        end = time.monotonic() + startup["periodSeconds"] * startup["failureThreshold"]
        while container.probe("startupProbe") != 200 and time.monotonic() < end:
            time.sleep(0.05)
        assert [container.probe(f"{kind}Probe") for kind in ("startup", "liveness", "readiness")] == [200] * 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == runtime_exit_codes.OK


def test_a_peers_file_arrives_in_the_generated_containers_data_volume(tmp_path: Path):
    region = "production/us-east-1"
    authority = trustme.CA()
    (peer, *_) = load(AgentConfig, yaml.safe_load(config(region))).peers
    (tmp_path / "peer").mkdir()
    issue(authority, tmp_path / "peer", agent_name("production", peer.region))
    (tmp_path / "disk.img").write_bytes(os.urandom(1 << 20))
    (tmp_path / "pod").mkdir()
    container = Container(region, tmp_path / "pod", authority)
    with container.started() as process:
        serving(process)
        words = ["send", str(tmp_path / "disk.img"), f"127.0.0.1:{container.ports['dwcp']}/vm/disk.img"]
        words += [
            "--tls",
            str(tmp_path / "peer"),
            "--peer",
            agent_name(*region.split("/")),
            "--patience",
            "5",
        ]
        sent = subprocess.run(
            [sys.executable, "-m", "dwcp_runtime.cli.dwcp", *words], cwd=ROOT, capture_output=True, text=True
        )
        assert sent.returncode == 0, sent.stderr
    assert (container.data / "vm" / "disk.img").read_bytes() == (tmp_path / "disk.img").read_bytes()


@pytest.mark.parametrize("region", REGIONS)
def test_only_the_data_and_scratch_folders_can_be_written_to(region: str):
    (container,) = pod(region)["containers"]
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {commands.DATA_MOUNT, "/tmp"}
    assert container["securityContext"]["readOnlyRootFilesystem"]


@pytest.mark.parametrize("region", REGIONS)
def test_the_agent_has_drained_before_the_kubelet_kills_it(region: str):
    (container,) = pod(region)["containers"]
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert "--grace" not in container["args"]
    assert sleep + Options(config=Path()).grace < pod(region)["terminationGracePeriodSeconds"]


def test_the_contract_counts_memory_in_the_agents_own_units():
    assert agent_memory.BLOCK_BYTES == DEFAULT_BLOCK
    assert agent_memory.PAGE_BYTES == PAGE
    assert agent_memory.INVENTORY_PAGES == DEFAULT_MAX_PAGES
    assert agent_memory.INVENTORY_PAGE_BYTES == STATE_BYTES_PER_PAGE
