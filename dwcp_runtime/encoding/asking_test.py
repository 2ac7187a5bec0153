from dwcp_runtime.encoding.asking import PATIENCE, RARELY, Asking


def asked(asking, blocks):
    return sum(asking.worthwhile() for _ in range(blocks))


def test_every_block_is_asked_for_until_the_answers_were_empty_for_long():
    asking = Asking()
    for _ in range(PATIENCE - 1):
        asking.answered(b"\0\0")

    assert asked(asking, 100) == 100
    asking.answered(b"\0\0")
    assert asked(asking, 100 * RARELY) == 100


def test_one_known_page_makes_every_block_worth_a_question_again():
    asking = Asking()
    for _ in range(5 * PATIENCE):
        asking.answered(b"\0")
    asking.answered(b"\0\x10")

    assert asked(asking, 10) == 10
