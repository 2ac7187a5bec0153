import re

import pytest

from charts_py.contract.metrics import CONNECTIONS, METRICS, Metric
from charts_py.contract.ports import METRICS_PORTS


def test_no_name_is_given_twice() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_advises_and_comes_from_a_scraped_workload(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.app in METRICS_PORTS


def test_only_a_histogram_has_buckets() -> None:
    with pytest.raises(ValueError, match="is a gauge"):
        _ = CONNECTIONS.buckets
