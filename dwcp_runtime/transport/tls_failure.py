"""What OpenSSL's errors mean for two agents, as typed errors that say what to do."""

from __future__ import annotations

import ssl
from typing import Final

from dwcp_runtime.transport.channel_error import closed
from dwcp_runtime.transport.errors import DwcpError, ErrorCode

_VERIFY: Final[dict[int, tuple[str, str]]] = {
    9: ("is not valid yet", "compare the clocks of both nodes"),
    10: ("has expired", "renew it, and compare the clocks of both nodes"),
    18: ("is self-signed", "give it a certificate of the authority in ca.crt"),
    19: ("is signed by an authority that is not in ca.crt", "put that authority into ca.crt on this side"),
    20: ("is signed by an authority that is not in ca.crt", "put that authority into ca.crt on this side"),
    21: ("is signed by an authority that is not in ca.crt", "put that authority into ca.crt on this side"),
    23: ("has been revoked", "issue a new one"),
    26: ("is not for this use", "issue it for both server and client authentication"),
}
"""By the verify codes of OpenSSL's x509_vfy.h."""

_ALERTS: Final[dict[str, tuple[str, str]]] = {
    "CERTIFICATE_EXPIRED": ("because it has expired", "renew it, and compare the clocks of both nodes"),
    "UNKNOWN_CA": ("because it does not know its authority", "put that authority into ca.crt on the peer"),
    "CERTIFICATE_REQUIRED": ("because there was none", "give this side a certificate, or use no TLS on both"),
    "CERTIFICATE_REVOKED": ("because it has been revoked", "issue a new one"),
    "BAD_CERTIFICATE": ("as bad", "issue it anew, for both server and client authentication"),
    "CERTIFICATE_UNKNOWN": ("as unacceptable", "see the peer's log for the reason"),
    "UNSUPPORTED_CERTIFICATE": ("as not for this use", "issue it for both server and client authentication"),
    "ACCESS_DENIED": ("", "see the peer's log for the reason"),
}
"""By the alert's name in RFC 8446, section 6.2: what the peer holds against this side's certificate."""

_VERSION: Final = ("UNSUPPORTED_PROTOCOL", "ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE")
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE")
_CORRUPT: Final = ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "ALERT_BAD_RECORD_MAC", "BAD_RECORD_TYPE")


def tls_failure(error: ssl.SSLError, peer: str) -> DwcpError:
    """The typed error for `error`; `peer` is the other side's address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what, advice = _VERIFY.get(
            error.verify_code, (f"is not acceptable ({error.verify_message})", "issue it anew")
        )
        return _unauthorised(f"the certificate of {peer} {what}: {advice}")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return closed(peer, "was cut by the peer or on the way")
    name = error.reason or ""
    if "PEER_DID_NOT_RETURN_A_CERTIFICATE" in name:
        return _unauthorised(f"{peer} has shown no certificate: give it one of the authority in ca.crt")
    for alert, (what, advice) in _ALERTS.items():
        if name.endswith(f"ALERT_{alert}"):
            return _unauthorised(f"{peer} refuses this side's certificate {what}".rstrip() + f": {advice}")
    if any(word in name for word in _VERSION):
        return DwcpError(ErrorCode.VERSION, f"{peer} does not speak TLS 1.3: bring it up to date")
    if any(word in name for word in _NO_TLS):
        return DwcpError(
            ErrorCode.NOT_DWCP, f"{peer} does not speak TLS: use certificates on both sides or on none"
        )
    if any(word in name for word in _CORRUPT):
        return DwcpError(ErrorCode.CORRUPT, f"a TLS record from or to {peer} was changed on the way")
    return closed(peer, f"failed in TLS: {name.lower().replace('_', ' ') or 'unknown reason'}")


def _unauthorised(message: str) -> DwcpError:
    return DwcpError(ErrorCode.UNAUTHORISED, message)
