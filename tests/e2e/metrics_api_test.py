import pytest

from tests.e2e.metrics_api import _BYTES, _CPU, _number


@pytest.mark.parametrize(
    ("quantity", "units", "value"),
    [
        ("500m", _CPU, 0.5),
        ("16", _CPU, 16),
        ("1.5", _CPU, 1.5),
        ("4Gi", _BYTES, 4 * 2**30),
        ("1G", _BYTES, 10**9),
    ],
)
def test_quantities_of_requests_are_read_as_kubernetes_reads_them(quantity, units, value):
    assert _number(quantity, units) == pytest.approx(value)
