"""Two versions of a VM's disk: Debian, and the same with four packages more."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.dwcp.tree_changes import commands

SUITE: Final = "bookworm"
MIRROR: Final = "http://deb.debian.org/debian"
IMAGE_MIB: Final = 1536
FIRST: Final = (
    *("ca-certificates", "curl", "git", "ifupdown", "linux-image-amd64", "openssh-server"),
    *("python3", "systemd-sysv", "vim"),
)
ADDED: Final = ("nginx-light", "nodejs", "postgresql-15", "redis-server")
_MKE2FS: Final = ("mke2fs", "-q", "-F", "-t", "ext4", "-L", "root")


class ImageError(RuntimeError):
    """The images can't be made here."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """`lived` is the first image with the packages' files written into it, everything else where it was.
    `rebuilt` is a file system made anew of the second tree: files lie elsewhere."""

    first: Path
    lived: Path
    rebuilt: Path


def make(folder: Path, *, quick: bool = False) -> Images:
    """The images in `folder`, made when they aren't there: some minutes, root, and Debian's packages.
    `quick`: of this machine's own /usr/share, to try the benchmark itself. Raises ImageError."""
    images = Images(first=folder / "v1.img", lived=folder / "v2-lived.img", rebuilt=folder / "v2-rebuilt.img")
    if not (folder / "finished").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            first, second = _small_trees(folder) if quick else _debian_trees(folder)
            _write(images, first, second, 256 if quick else IMAGE_MIB)
        except (OSError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", None) or "").strip().splitlines()
            raise ImageError(f"no images: {error}{': ' + said[-1] if said else ''}") from error
        finally:
            for name in ("tree-1", "tree-2"):
                shutil.rmtree(folder / name, ignore_errors=True)
        (folder / "finished").touch()
    return images


def _debian_trees(folder: Path) -> tuple[Path, Path]:
    first, second = folder / "tree-1", folder / "tree-2"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    include = f"--include={','.join(FIRST)}"
    _run("debootstrap", "--variant=minbase", include, SUITE, first, MIRROR, environment=environment)
    _run("chroot", first, "apt-get", "clean", environment=environment)
    _run("cp", "-a", first, second)
    # No service of the packages may start in the tree.
    refuse = second / "usr/sbin/policy-rc.d"
    refuse.write_text("#!/bin/sh\nexit 101\n")
    refuse.chmod(0o755)
    install = ("apt-get", "install", "-q", "-y", "--no-install-recommends", *ADDED)
    _run("chroot", second, *install, environment=environment)
    _run("chroot", second, "apt-get", "clean", environment=environment)
    refuse.unlink()
    return first, second


def _small_trees(folder: Path) -> tuple[Path, Path]:
    first, second = folder / "tree-1", folder / "tree-2"
    shutil.copytree("/usr/lib/python3", first / "python", symlinks=True)
    shutil.copytree(first, second, symlinks=True)
    shutil.copytree("/usr/share/doc", second / "doc", symlinks=True, ignore_dangling_symlinks=True)
    return first, second


def _write(images: Images, first: Path, second: Path, mebibytes: int) -> None:
    size = f"{mebibytes}M"
    _run(*_MKE2FS, "-d", first, images.first, size)
    # A second of its own for the second: file systems of two builds never have the same times.
    time.sleep(1.0)
    _run(*_MKE2FS, "-d", second, images.rebuilt, size)
    shutil.copyfile(images.first, images.lived)
    script = images.lived.with_suffix(".debugfs")
    script.write_text("\n".join([*commands(first, second), ""]))
    said = _run("debugfs", "-w", "-f", script, images.lived)
    script.unlink()
    if "Could not allocate block" in said:
        raise OSError("the image is too small for the second version")
    # debugfs leaves indexed folders and counters to be put right; 1 says that they were.
    _run("e2fsck", "-fy", images.lived, allowed=(0, 1))


def _run(
    *command: object, environment: Mapping[str, str] | None = None, allowed: tuple[int, ...] = (0,)
) -> str:
    words = [os.fspath(word) if isinstance(word, Path) else str(word) for word in command]
    result = subprocess.run(
        words, capture_output=True, text=True, env=environment, check=False, stdin=subprocess.DEVNULL
    )
    if result.returncode not in allowed:
        raise subprocess.CalledProcessError(result.returncode, words, result.stdout, result.stderr)
    return result.stdout + result.stderr
