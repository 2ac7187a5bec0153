from bench.acp.about import command


def test_the_command_names_what_changes_the_figures_and_nothing_of_the_machine():
    words = ["--write", "--wan", "/somewhere/wan", "--wan=/elsewhere", "--part", "puts", "--runs", "3"]
    assert command(words) == "`make bench-acp BENCH_OPTIONS='--part puts --runs 3'`"


def test_the_command_without_options_is_the_plain_one():
    assert command(["--write"]) == "`make bench-acp`"
