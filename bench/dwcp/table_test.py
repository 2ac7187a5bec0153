from bench.dwcp.table import markdown


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert markdown(["a", "bb"], [["ccc", "d"]]) == "| a   | bb |\n|-----|----|\n| ccc | d  |"


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert markdown(["tool"], [["zstd | ssh"]]).splitlines()[2] == r"| zstd \| ssh |"
