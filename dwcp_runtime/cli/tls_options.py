"""The options by which both commands say how peers are known."""

from __future__ import annotations

import argparse
import ipaddress
import sys
from pathlib import Path

from charts_py.contract import commands
from dwcp_runtime.transport.errors import DwcpError
from dwcp_runtime.transport.tls_context import TlsFolder


def add(parser: argparse.ArgumentParser) -> None:
    """--tls, --insecure, --force-insecure."""
    parser.add_argument(
        "--tls",
        type=Path,
        metavar="FOLDER",
        default=Path(commands.TLS_MOUNT),
        help="folder with tls.crt, tls.key and ca.crt (default: %(default)s)",
    )
    parser.add_argument("--insecure", action="store_true", help="no TLS, on loopback only")
    parser.add_argument(
        "--force-insecure",
        action="store_true",
        help="no TLS, anywhere: anyone on the way can read and change it",
    )


def folder(arguments: argparse.Namespace, host: str) -> TlsFolder | None:
    """The certificates to use, None for a plain connection. ValueError where that is not allowed, DwcpError
    where the files are no good."""
    if arguments.force_insecure:
        return None
    if arguments.insecure:
        if not is_loopback(host):
            raise ValueError(
                f"--insecure is for loopback, and {host} is not; use --tls, or --force-insecure if you must"
            )
        return None
    return TlsFolder(arguments.tls, warn=_warn)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _warn(problem: DwcpError) -> None:
    print(f"dwcp: {problem.message}", file=sys.stderr)
