from bench.dwcp.page import Results, page
from bench.dwcp.profiles import MATRIX
from bench.dwcp.raw import OTHERS, OnLine
from bench.dwcp.transfer import Runs


def line(profile):
    others = [Runs(tool=tool.name) for tool in OTHERS]
    return OnLine(profile=profile, size=1, ours=Runs(tool="dwcp (TLS)"), others=others, flows=())


def test_a_page_of_a_part_says_what_is_not_in_it():
    said = page(Results(seconds=7.0, lines=[line(profile) for profile in MATRIX[:4]]), ["about"])

    assert (
        "one run on one machine, of a part: 20 of 24 lines, second versions of an image, loopback, "
        "the choice of levels, memory are not in it."
    ) in said


def test_a_page_with_every_line_names_no_lines_as_missing():
    said = page(Results(seconds=7.0, lines=[line(profile) for profile in MATRIX]), ["about"])

    assert "of a part: second versions of an image, loopback" in said
