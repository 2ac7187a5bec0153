"""An SSH server and client of their own: keys, configuration, and how each tool is told of them."""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ALIAS: Final = "receiver"


@dataclass(frozen=True, kw_only=True)
class Ssh:
    """`folder` holds the keys."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Ssh:
        """New keys. Raises CalledProcessError when ssh-keygen can't, OSError when it isn't there."""
        folder.mkdir(mode=0o700, parents=True)
        for name in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.fspath(folder / name)]
            subprocess.run(command, check=True)
        shutil.copy(folder / "user.pub", folder / "authorized")
        kind, key, *_ = (folder / "host.pub").read_text().split()
        (folder / "known").write_text(f"{_ALIAS} {kind} {key}\n")
        if os.getuid() == 0:
            # Where Debian's sshd goes when it gives up its rights; made by the service, which needn't run.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        return cls(folder=folder)

    def server(self, address: str, port: int) -> list[str]:
        """A server in the foreground that says on standard error when it listens. Everything that concerns
        speed is as the package has it."""
        config = self.folder / f"sshd-{port}.conf"
        config.write_text(
            f"Port {port}\nListenAddress {address}\nHostKey {self.folder / 'host'}\n"
            f"AuthorizedKeysFile {self.folder / 'authorized'}\nStrictModes no\nUsePAM no\nPidFile none\n"
            "PermitRootLogin prohibit-password\nPasswordAuthentication no\nPrintMotd no\n"
            "Subsystem sftp internal-sftp\n"
        )
        # sshd starts itself again for each connection and wants its own whole path for that.
        program = (
            shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "/usr/sbin/sshd"
        )
        return [program, "-D", "-e", "-f", os.fspath(config)]

    def client(self, port: int) -> list[str]:
        """`ssh` without the host."""
        return ["ssh", "-p", str(port), *self.options()]

    def options(self) -> list[str]:
        """What ssh and scp are told. Nothing of the user's own configuration is read."""
        settings = {
            "IdentityFile": self.folder / "user",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.folder / "known",
            "HostKeyAlias": _ALIAS,
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
        }
        return ["-F", "none", *(f"-o{key}={value}" for key, value in settings.items())]

    def shell(self, port: int) -> str:
        """`ssh` as one word list for tools that start it themselves."""
        return shlex.join(self.client(port))

    @property
    def user(self) -> str:
        """Who logs in: who runs the benchmark."""
        return getpass.getuser()
