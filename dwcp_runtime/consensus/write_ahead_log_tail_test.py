import pytest

from dwcp_runtime.consensus.gateway import Gateway
from dwcp_runtime.consensus.write_ahead_log import end_of, records
from dwcp_runtime.consensus.write_ahead_log_tail import LogTailError, all_committed, crc32c


def test_the_checksum_is_the_standards_and_goes_on():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"6789", crc32c(b"12345")) == 0xE3069283


@pytest.fixture
def segment(etcd, run):
    async def work():
        async with Gateway(etcd.client_url) as gateway:
            for number in range(20):
                await gateway.put(b"k%d" % number, b"v")

    run(work())
    etcd.process.kill()
    etcd.process.wait()
    return sorted((etcd.data / "member" / "wal").glob("*.wal"))[-1].read_bytes()


def test_a_log_says_afterwards_that_all_of_it_is_committed(segment):
    end = end_of([segment])
    assert end.committed < end.index
    after = all_committed(segment, last_index=end.index)
    assert end_of([after]).committed == end.index
    *_, before, last = records(after)
    assert crc32c(last.data, before.crc) == last.crc


def test_a_record_that_a_crash_has_spoilt_is_cut_off(segment):
    *_, before, last = records(segment)
    spoilt = bytearray(segment)
    spoilt[last.end - 9] ^= 0xFF
    after = list(records(all_committed(bytes(spoilt), last_index=7)))
    assert [each.end for each in after[:-1]][-1] == before.end


def test_a_segment_without_records_is_refused():
    with pytest.raises(LogTailError):
        all_committed(b"\0" * 64, last_index=1)
