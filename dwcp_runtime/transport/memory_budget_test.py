from hypothesis import given
from hypothesis import strategies as st

from dwcp_runtime.transport.memory_budget import MemoryBudget


def test_who_comes_first_has_what_it_asks_for_and_leaves_a_buffer_for_the_others():
    budget = MemoryBudget(lambda: 100, transfers=20)
    first = budget.join(1)
    assert first.grow(90) == 80
    shares = [budget.join(1) for _ in range(20)]
    assert None not in shares
    assert budget.join(1) is None


def test_what_a_transfer_gives_back_is_for_the_others():
    budget = MemoryBudget(lambda: 100, transfers=4)
    first, second = budget.join(1), budget.join(1)
    first.grow(100)
    assert second.grow(50) == 1
    first.close()
    first.close()
    assert second.grow(50) == 50
    second.close()
    assert budget.taken == 0


def test_large_buffers_leave_half_of_all_to_the_others():
    budget = MemoryBudget(lambda: 100, transfers=64)
    assert budget.join(10).grow(100) == 5
    assert budget.join(101) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 40), st.booleans()), max_size=60))
def test_never_more_is_granted_than_there_is(steps):
    budget = MemoryBudget(lambda: 100, transfers=8)
    shares = {}
    for number, amount, leaves in steps:
        if number not in shares:
            shares[number] = (budget.join(1 + number), 1 + number)
        share, _ = shares[number]
        if share is None or leaves:
            del shares[number]
            if share is not None:
                share.close()
        else:
            share.grow(amount)
        held = sum(share.count * size for share, size in shares.values() if share is not None)
        assert held == budget.taken <= 100
