import pytest

from dwcp_runtime.transport.random_loss import LEAST, SHARE, RandomLoss

PACKET = 1448


def test_a_path_that_loses_one_packet_in_a_hundred_is_known_after_a_few_thousand():
    loss = RandomLoss()

    assert [loss.look(500 * PACKET, 5 * PACKET, queued=False) for _ in range(5)] == [False] * 3 + [True] * 2


def test_what_a_full_queue_loses_is_no_loss_of_the_path():
    loss = RandomLoss()

    assert not any(loss.look(1000 * PACKET, 100 * PACKET, queued=True) for _ in range(50))


def test_a_few_packets_lost_early_say_nothing():
    assert not RandomLoss().look(PACKET, LEAST - 1, queued=False)


@pytest.mark.parametrize("share", [SHARE / 3, SHARE * 3])
def test_the_share_decides_once_there_is_enough_to_tell(share):
    loss = RandomLoss()
    sent = 100 * LEAST / SHARE

    assert loss.look(int(sent), int(sent * share), queued=False) == (share > SHARE)


def test_what_was_seen_stays_seen():
    loss = RandomLoss()
    loss.look(100 * LEAST, LEAST, queued=False)

    assert loss.look(10**12, 0, queued=False)
