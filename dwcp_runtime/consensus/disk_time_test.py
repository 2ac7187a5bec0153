import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.consensus.disk_time import DiskTime
from dwcp_runtime.consensus.gateway import Gateway


def told(total, count):
    name = "etcd_disk_wal_fsync_duration_seconds"
    return f'{name}_bucket{{le="1"}} 3\n{name}_sum {total}\n{name}_count {count}\n'.encode()


def test_the_mean_is_that_of_the_flushes_since_the_last_one():
    first = DiskTime().after(told(1.0, 100))
    assert first.seconds == 0.01
    assert first.after(told(1.0 + 0.02 * 50, 150)).seconds == pytest.approx(0.02)


def test_too_few_flushes_change_nothing():
    first = DiskTime().after(told(1.0, 100))
    assert first.after(told(9.0, 115)) == first


def test_an_etcd_that_was_started_anew_is_counted_anew():
    first = DiskTime().after(told(1.0, 100))
    again = first.after(told(0.5, 10))
    assert (again.seconds, again.count) == (0.01, 10)
    assert again.after(told(0.5 + 0.03 * 20, 30)).seconds == pytest.approx(0.03)


@given(st.binary(max_size=200))
def test_anything_else_says_nothing(metrics):
    assert DiskTime().after(metrics) == DiskTime()


def test_etcd_tells_it_by_that_name(start_etcd, run):
    etcd = start_etcd("only", "--unsafe-no-fsync=false")

    async def work():
        async with Gateway(etcd.client_url) as gateway:
            for number in range(20):
                await gateway.put(b"k%d" % number, b"v")
            assert (DiskTime().after(await gateway.metrics()).seconds or 0) > 0

    run(work())
