import ssl

import pytest

from dwcp_runtime.transport.errors import ErrorCode
from dwcp_runtime.transport.tls_failure import tls_failure


def failure(reason):
    error = ssl.SSLError(1, f"[SSL: {reason}] text")
    error.reason = reason
    return tls_failure(error, "10.0.0.1:9")


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", ErrorCode.UNAUTHORISED),
        ("TLSV1_ALERT_UNKNOWN_CA", ErrorCode.UNAUTHORISED),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", ErrorCode.UNAUTHORISED),
        ("SSLV3_ALERT_BAD_CERTIFICATE", ErrorCode.UNAUTHORISED),
        ("TLSV1_ALERT_ACCESS_DENIED", ErrorCode.UNAUTHORISED),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", ErrorCode.UNAUTHORISED),
        ("WRONG_VERSION_NUMBER", ErrorCode.NOT_DWCP),
        ("HTTP_REQUEST", ErrorCode.NOT_DWCP),
        ("TLSV1_ALERT_PROTOCOL_VERSION", ErrorCode.VERSION),
        ("UNSUPPORTED_PROTOCOL", ErrorCode.VERSION),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", ErrorCode.CORRUPT),
        ("SSLV3_ALERT_BAD_RECORD_MAC", ErrorCode.CORRUPT),
        ("SOMETHING_NEW", ErrorCode.CLOSED),
        (None, ErrorCode.CLOSED),
    ],
)
def test_each_reason_of_openssl_has_its_code_and_names_the_peer(reason, code):
    error = failure(reason)
    assert error.code is code
    assert "10.0.0.1:9" in error.message


@pytest.mark.parametrize(
    ("number", "words"),
    [(9, "not valid yet"), (10, "has expired"), (20, "not in ca.crt"), (26, "not for this use"), (99, "odd")],
)
def test_each_finding_about_a_certificate_says_what_to_do(number, words):
    error = ssl.SSLCertVerificationError(1, "text")
    error.verify_code, error.verify_message = number, "odd"
    found = tls_failure(error, "10.0.0.1:9")
    assert found.code is ErrorCode.UNAUTHORISED
    assert not found.retryable
    assert words in found.message
    assert found.message.rsplit(": ", 1)[1]


def test_a_cut_is_worth_another_attempt():
    assert tls_failure(ssl.SSLEOFError(8, "EOF"), "10.0.0.1:9").retryable
