"""docs/acp-api.md says what the code does."""

import re
from pathlib import Path

import pytest

from charts_py.contract import metrics as contract
from charts_py.contract import names
from dwcp_runtime.consensus import http_api, key_text, put_batch, put_queue, watch
from dwcp_runtime.consensus.gateway import REQUEST_SECONDS

TEXT = (Path(__file__).parents[2] / "docs" / "acp-api.md").read_text()
FLOWING = " ".join(TEXT.split())


def test_every_path_of_the_api_is_described():
    source = http_api.__doc__ or ""
    for path in re.findall(r"/[a-z0-9/]+", source.split("Whom")[0]):
        assert path in TEXT


def test_every_metric_is_described():
    for metric in contract.METRICS:
        if metric.app == names.CONSENSUS:
            assert f"`{metric.name.removeprefix('novacron_consensus_')}`" in TEXT


@pytest.mark.parametrize(
    "said",
    [
        f"A key is 1 to {key_text.MOST_KEY_BYTES} bytes",
        f"A value is 0 to {put_batch.MOST_VALUE_BYTES:,} bytes",
        f"`limit` (up to {http_api.MOST_LISTED}, default {http_api.LISTED})",
        f"up to {http_api.MOST_LISTED_WITH_VALUES} keys of a page",
        f"waits at most {put_queue.WAIT_SECONDS:g} s for its turn and {REQUEST_SECONDS:g} s for the group",
        f"a body has {http_api.BODY_SECONDS:g} s",
        f"comes every {watch.QUIET_SECONDS:g} s when it is quiet",
        f"takes nothing for {http_api.WRITE_SECONDS:g} s",
        f"{http_api.MOST_WATCHES} watches at a time",
        f"at most {put_batch.MOST_OPERATIONS} at a time",
        "fewer than four transactions" if put_batch.FREE_BATCHES == 4 else "?",
        f"at most {put_batch.LEAST_PATIENCE * 1000:g} ms or a twentieth"
        if put_batch.PATIENCE == 0.05
        else "?",
    ],
)
def test_a_bound_that_is_told_is_the_codes(said):
    assert said in FLOWING
