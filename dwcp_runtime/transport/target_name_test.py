import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.errors import DwcpError, ErrorCode
from dwcp_runtime.transport.target_name import components


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a/",
        ".",
        "a/.",
        "a\0b",
        "a\nb",
        "é" * 200,
        ".dwcp/x",
        ".dwcp",
    ],
)
def test_a_name_that_could_leave_the_folder_or_enter_the_receivers_own_is_refused(name):
    with pytest.raises(DwcpError) as refused:
        components(name)

    assert refused.value.code is ErrorCode.BAD_NAME
    assert not refused.value.retryable


@pytest.mark.parametrize("name", ["a", "a/b.img", "vm 42/disk.img", "x/.dwcp", "..a", "ä/ö"])
def test_ordinary_names_are_their_components(name):
    assert "/".join(components(name)) == name


@given(st.text(alphabet=st.characters() | st.sampled_from("./\0"), max_size=40))
def test_what_is_allowed_stays_below_the_folder(name):
    try:
        parts = components(name)
    except DwcpError:
        return
    assert all(part not in ("", ".", "..") and "/" not in part and "\0" not in part for part in parts)
