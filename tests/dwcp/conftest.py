"""Certificates and files for processes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tests.dwcp.processes import HERE, THERE


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Callable[..., Path]:
    """Writes the files of an agent called `name`, signed by `issuer`, and returns their folder."""

    def write(
        name: str,
        *,
        issuer: trustme.CA = authority,
        not_after: datetime | None = None,
        folder: Path | None = None,
    ) -> Path:
        folder = folder or tmp_path_factory.mktemp("tls")
        before = None if not_after is None else datetime(2000, 1, 1, tzinfo=UTC)
        leaf = issuer.issue_cert(name, not_before=before, not_after=not_after)
        (folder / "tls.crt").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(folder / "tls.key"))
        authority.cert_pem.write_to_path(str(folder / "ca.crt"))
        return folder

    return write


@pytest.fixture(scope="session")
def here(certificate: Callable[..., Path]) -> Path:
    """The sender's certificates."""
    return certificate(HERE)


@pytest.fixture(scope="session")
def there(certificate: Callable[..., Path]) -> Path:
    """The receiver's certificates."""
    return certificate(THERE)


@pytest.fixture
def image(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file that no codec makes shorter."""

    def write(mebibytes: float, *, seed: int = 1, name: str = "disk.img") -> Path:
        path = tmp_path / name
        noise = random.Random(seed)
        left = int(mebibytes * (1 << 20))
        with path.open("wb") as file:
            # Python makes at most 256 MiB of noise at a time.
            while left:
                left -= file.write(noise.randbytes(min(left, 1 << 20)))
        return path

    return write
