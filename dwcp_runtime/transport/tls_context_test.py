import shutil
import ssl

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from dwcp_runtime.transport.conftest import HERE, THERE
from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.tls_context import TlsFolder, load


def test_contexts_take_tls_1_3_only_and_demand_certificates(tls_folder):
    contexts = load(tls_folder(HERE))
    for context in (contexts.client, contexts.server):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert not context.check_hostname
        assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt"])
@pytest.mark.parametrize("content", [None, b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA"])
def test_a_missing_or_broken_file_is_an_error_that_names_it(tls_folder, name, content):
    folder = tls_folder(HERE)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(DwcpError) as caught:
        load(folder)
    assert caught.value.code is ErrorCode.IO
    assert name in caught.value.message.split(". Needed")[0]


def test_the_key_of_another_certificate_is_an_error(tls_folder):
    folder, other = tls_folder(HERE), tls_folder(THERE)
    shutil.copy(other / "tls.key", folder / "tls.key")
    with pytest.raises(DwcpError, match=r"not the key of tls\.crt"):
        load(folder)


def test_an_encrypted_key_is_an_error_and_asks_nobody(tls_folder):
    file = tls_folder(HERE) / "tls.key"
    key = load_pem_private_key(file.read_bytes(), None)
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password"))
    )
    with pytest.raises(DwcpError, match="encrypted"):
        load(file.parent)


def test_unchanged_files_are_loaded_once(tls_folder):
    folder = TlsFolder(tls_folder(HERE), warn=pytest.fail)
    assert folder.contexts() is folder.contexts()


def test_changed_files_give_new_contexts_and_leave_the_old_ones_alone(tls_folder):
    path = tls_folder(HERE)
    folder = TlsFolder(path, warn=pytest.fail)
    before = folder.contexts()
    tls_folder(HERE)
    after = folder.contexts()
    assert after is not before
    assert after.server is not before.server
    assert folder.contexts() is after


def test_a_link_turned_to_another_folder_is_a_change(tls_folder, tmp_path):
    first, second = tls_folder(HERE), tls_folder(THERE)
    mounted = tmp_path / "mounted"
    mounted.symlink_to(first)
    folder = TlsFolder(mounted, warn=pytest.fail)
    before = folder.contexts()
    (tmp_path / "next").symlink_to(second)
    (tmp_path / "next").replace(mounted)
    assert folder.contexts() is not before


def test_bad_new_files_are_reported_once_and_the_old_contexts_stay_until_good_ones_come(tls_folder):
    warnings = []
    path = tls_folder(HERE)
    folder = TlsFolder(path, warn=warnings.append)
    before = folder.contexts()
    half = (path / "tls.crt").read_bytes()[:200]
    (path / "tls.crt").write_bytes(half)
    assert folder.contexts() is before
    assert folder.contexts() is before
    assert len(warnings) == 1
    assert "tls.crt" in warnings[0].message
    assert "previous certificates stay" in warnings[0].message
    (path / "tls.crt").unlink()
    assert folder.contexts() is before
    assert len(warnings) == 2
    tls_folder(HERE)
    assert folder.contexts() is not before
    assert len(warnings) == 2


def test_no_message_contains_the_key(tls_folder):
    path = tls_folder(HERE)
    key = (path / "tls.key").read_text().splitlines()
    (path / "tls.crt").write_bytes((path / "tls.key").read_bytes())
    with pytest.raises(DwcpError) as caught:
        load(path)
    assert not any(line in str(caught.value) for line in key[1:-1])
