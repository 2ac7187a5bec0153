from dwcp_runtime.transport.backoff import Backoff


def test_pauses_double_up_to_the_longest():
    backoff, pauses = Backoff(since=0.0), []
    for _ in range(8):
        backoff, pause = backoff.failed(0.0)
        pauses.append(pause)

    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_patience_counts_from_the_last_progress():
    backoff = Backoff(since=0.0, patience=10.0)

    assert backoff.failed(11.0)[1] is None
    assert backoff.progressed(5.0).failed(11.0)[1] is not None


def test_the_last_pause_ends_when_patience_does():
    assert Backoff(since=0.0, patience=10.0, tries=20).failed(9.0)[1] == 1.0


def test_progress_makes_the_next_pause_short_again():
    assert Backoff(since=0.0, tries=9).progressed(3.0).failed(3.0)[1] == 0.1
