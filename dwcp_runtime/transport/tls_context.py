"""TLS contexts from a folder of PEM files, loaded again when the files change.

The names are those of a Kubernetes TLS Secret as cert-manager writes it: `tls.crt` with the chain, `tls.key`,
`ca.crt` with every authority whose certificates are trusted.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dwcp_runtime.transport.errors import DwcpError, ErrorCode

CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"
AUTHORITIES: Final = "ca.crt"

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, kw_only=True)
class TlsContexts:
    """The two sides' contexts made from the same files: TLS 1.3 only, both demand a certificate.

    Host names are not compared with certificates: peers are known by `tls_identity`.
    """

    client: ssl.SSLContext
    server: ssl.SSLContext


class TlsFolder:
    """The contexts of a folder. Connections that exist keep theirs; new ones get the newest that works."""

    def __init__(self, folder: Path, *, warn: Callable[[DwcpError], None]) -> None:
        """Load `folder`; a typed `io` error if that fails. `warn` gets what is wrong with later files."""
        self._folder = folder
        self._warn = warn
        self._stamp = _stamp(folder)
        self._contexts = load(folder)

    def contexts(self) -> TlsContexts:
        """The contexts for a new connection. Looks at the files' times, and loads them if they changed.

        Files that cannot be used, such as half-written ones, are reported once and leave the previous
        contexts in force; they are tried again when they change again.
        """
        stamp = _stamp(self._folder)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._contexts = load(self._folder)
            except DwcpError as error:
                self._warn(
                    DwcpError(
                        error.code, f"{error.message}; the previous certificates stay in use until then"
                    )
                )
        return self._contexts


def load(folder: Path) -> TlsContexts:
    """Contexts from the three files of `folder`; a typed `io` error that names the file that is no good."""
    return TlsContexts(
        client=_context(ssl.PROTOCOL_TLS_CLIENT, folder), server=_context(ssl.PROTOCOL_TLS_SERVER, folder)
    )


def _context(protocol: int, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    if protocol == ssl.PROTOCOL_TLS_SERVER:
        # Nobody resumes a session here, and tickets would be the first thing that a client has to read.
        context.num_tickets = 0
    try:
        for name in (CERTIFICATE, KEY, AUTHORITIES):
            (folder / name).read_bytes()
    except OSError as error:
        raise _unusable(folder / name, (error.strerror or "unreadable").lower()) from error
    try:
        context.load_verify_locations(cafile=folder / AUTHORITIES)
    except (ssl.SSLError, OSError) as error:
        raise _unusable(folder / AUTHORITIES, "it holds no PEM certificate") from error
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(folder / CERTIFICATE, folder / KEY, password=_no_password)
    except _EncryptedKeyError as error:
        raise _unusable(folder / KEY, "it is encrypted, and nobody is there to give its password") from error
    except (ssl.SSLError, OSError) as error:
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            raise _unusable(folder / KEY, f"it is not the key of {CERTIFICATE}") from error
        raise _unusable(folder / CERTIFICATE, f"it or {KEY} is no complete PEM file") from error
    return context


class _EncryptedKeyError(Exception):
    pass


def _no_password() -> str:
    raise _EncryptedKeyError


def _unusable(file: Path, why: str) -> DwcpError:
    return DwcpError(
        ErrorCode.IO,
        f"{file} cannot be used: {why}. Needed are {CERTIFICATE}, {KEY} and {AUTHORITIES} in PEM, "
        "as in the Secret that cert-manager writes",
    )


def _stamp(folder: Path) -> _Stamp:
    """What changes when a file is written or, as Kubernetes does, a link to its folder is turned."""
    return tuple(_file_stamp(folder / name) for name in (CERTIFICATE, KEY, AUTHORITIES))


def _file_stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
