"""Certificates of both ends, in folders shaped as a Kubernetes TLS Secret."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import trustme

from charts_py.contract.certificates import agent_name

SENDER: Final = agent_name("bench", "sender")
RECEIVER: Final = agent_name("bench", "receiver")


def write(folder: Path) -> None:
    """`sender` and `receiver` below `folder`, signed by one issuer that is forgotten."""
    authority = trustme.CA()
    for end, name in (("sender", SENDER), ("receiver", RECEIVER)):
        place = folder / end
        place.mkdir(parents=True)
        issued = authority.issue_cert(name)
        authority.cert_pem.write_to_path(place / "ca.crt")
        for blob in issued.cert_chain_pems:
            blob.write_to_path(place / "tls.crt", append=True)
        issued.private_key_pem.write_to_path(place / "tls.key")
        (place / "tls.key").chmod(0o600)
