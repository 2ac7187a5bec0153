from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dwcp_runtime.transport.block_schedule import BlockSchedule


def taken(schedule):
    found = []
    while (index := schedule.take()) is not None:
        found.append(index)
    return found


def test_blocks_go_in_order_and_each_once():
    assert taken(BlockSchedule(4)) == [0, 1, 2, 3]


def test_a_dead_streams_blocks_go_again_only_after_the_doubt_and_only_those_not_reported():
    schedule = BlockSchedule(4, doubt=1.0)
    for index in taken(schedule):
        schedule.sending(1 + index % 2, index)
    schedule.stream_lost(1, now=10.0)
    schedule.durable(0)

    assert (schedule.overdue(10.9), taken(schedule)) == (0, [])
    assert (schedule.overdue(11.0), taken(schedule)) == (1, [2])


def test_a_block_that_is_reported_after_its_stream_died_is_counted_once():
    schedule = BlockSchedule(3)
    for _ in range(2):
        schedule.sending(1, schedule.take())
    schedule.stream_lost(1, now=0.0)
    schedule.durable(0)
    # Else FINISH would go ahead of the third block, with a root that doesn't know it.
    assert (schedule.unconfirmed, schedule.pending) == (1, True)


def test_a_lost_connection_brings_back_all_that_is_not_durable():
    schedule = BlockSchedule(5)
    assert [schedule.take() for _ in range(4)] == [0, 1, 2, 3]
    schedule.sending(1, 0)
    schedule.sending(2, 1)
    schedule.durable(1)
    schedule.connection_lost()

    assert taken(schedule) == [0, 2, 3, 4]


def test_only_blocks_sent_before_count_as_resent():
    schedule = BlockSchedule(2)
    taken(schedule)
    schedule.sending(1, 0, 2)
    assert schedule.resent == 0
    schedule.resend(1)
    taken(schedule)
    schedule.sending(1, 1)

    assert schedule.resent == 1


def test_a_block_that_is_durable_is_never_sent_again():
    schedule = BlockSchedule(1)
    schedule.sending(1, schedule.take())
    schedule.durable(0)

    assert not schedule.resend(0)
    schedule.connection_lost()
    assert schedule.take() is None


def test_what_is_stuck_in_a_stream_is_made_pending_once_however_often_it_is_asked():
    schedule = BlockSchedule(2)
    for index in taken(schedule):
        schedule.sending(index + 1, index)
    assert not schedule.pending

    assert (schedule.duplicate(1), schedule.pending, taken(schedule)) == (1, True, [0])
    schedule.sending(2, 0)
    assert (schedule.duplicate(2), taken(schedule)) == (1, [1])
    assert schedule.duplicate(2) == 0


def test_what_was_only_late_is_counted_apart_from_what_was_lost():
    schedule = BlockSchedule(3)
    for index in taken(schedule):
        schedule.sending(1, index)
    schedule.duplicate(1)
    again = taken(schedule)
    schedule.sending(2, again[0])
    schedule.durable(1)
    schedule.connection_lost()
    for index in taken(schedule):
        schedule.sending(3, index)

    # Block 0 went for being late and for being lost, block 2 was late and went only when it was lost.
    assert (schedule.duplicated, schedule.resent) == (1, 3)


def test_a_run_is_taken_around_what_is_not_pending():
    schedule = BlockSchedule(6)
    schedule.durable(2)

    assert schedule.take_run(0, 5) == [(0, 2), (3, 2)]
    assert taken(schedule) == [5]


class Transfers(RuleBasedStateMachine):
    """A sender whose streams die and whose receiver reports as it likes: no block is ever lost or
    forgotten."""

    BLOCKS = 12

    def __init__(self):
        super().__init__()
        self.schedule = BlockSchedule(self.BLOCKS, doubt=5.0)
        self.hand = []
        self.arrived = set()
        self.now = 0.0

    @rule()
    def take(self):
        index = self.schedule.take()
        if index is not None:
            assert index not in self.hand
            assert not self.schedule.is_durable(index)
            self.hand.append(index)

    @precondition(lambda self: self.hand)
    @rule(stream=st.integers(1, 3), arrives=st.booleans())
    def send(self, stream, arrives):
        index = self.hand.pop(0)
        self.schedule.sending(stream, index)
        if arrives:
            self.arrived.add(index)

    @precondition(lambda self: self.hand)
    @rule()
    def give_back(self):
        self.schedule.give_back(self.hand.pop())

    @precondition(lambda self: self.arrived)
    @rule()
    def report(self):
        self.schedule.durable(self.arrived.pop())

    @rule(stream=st.integers(1, 3))
    def cut(self, stream):
        self.schedule.stream_lost(stream, self.now)

    @rule(index=st.integers(0, BLOCKS - 1))
    def refuse(self, index):
        if index not in self.hand and not self.schedule.is_pending(index):
            self.schedule.resend(index)

    @rule(stream=st.integers(1, 3))
    def duplicate(self, stream):
        self.schedule.duplicate(stream)

    @rule(seconds=st.floats(0, 4))
    def wait(self, seconds):
        self.now += seconds
        self.schedule.overdue(self.now)

    @rule()
    def reconnect(self):
        self.schedule.connection_lost()
        self.hand.clear()
        self.arrived.clear()

    @invariant()
    def counts_agree(self):
        assert self.schedule.durable_count == sum(map(self.schedule.is_durable, range(self.BLOCKS)))
        waiting = sum(self.schedule.is_pending(index) for index in range(self.BLOCKS))
        waiting += sum(not self.schedule.is_durable(index) for index in self.hand)
        assert self.schedule.unconfirmed == self.BLOCKS - self.schedule.durable_count - waiting
        assert self.schedule.pending == (waiting > 0)

    def teardown(self):
        self.reconnect()
        for index in taken(self.schedule):
            self.schedule.sending(1, index)
            self.schedule.durable(index)
        assert self.schedule.done


TestTransfers = Transfers.TestCase
TestTransfers.settings = settings(max_examples=300, stateful_step_count=40)
