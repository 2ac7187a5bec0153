"""The programs that the other tools are, and the Debian packages that have them."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

PACKAGES: Final = {
    "ip": "iproute2",
    "iperf3": "iperf3",
    "ssh": "openssh-client",
    "scp": "openssh-client",
    "sshd": "openssh-server",
    "rsync": "rsync",
    "zstd": "zstd",
    "rclone": "rclone",
    "casync": "casync",
    "borg": "borgbackup",
    "restic": "restic",
    "debootstrap": "debootstrap",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
}


def add_sbin() -> None:
    """Debian keeps programs for administrators apart; a user's path often lacks them."""
    os.environ["PATH"] = os.pathsep.join(
        [os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    )


def missing() -> list[str]:
    """Packages whose programs are not here, sorted."""
    return sorted({package for program, package in PACKAGES.items() if shutil.which(program) is None})


def how_to_install(packages: list[str]) -> str:
    """One line for a person."""
    return f"missing: apt-get install --no-install-recommends {' '.join(packages)}  (or, as root, --install)"


def install(packages: list[str]) -> None:
    """From the distribution. Raises CalledProcessError when it fails, OSError where there is no apt-get."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *words], check=True, env=environment, stdout=subprocess.DEVNULL)
