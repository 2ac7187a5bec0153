from charts_py.fleet.positions import Mark
from charts_py.fleet.problem import MOST_SHOWN, FleetError, Problem, Source, quoted, show_path

SOURCE = Source(file="fleet/production.yaml", lines=("regions:", "  - api: {minReplcas: 3}"))
MISSPELT = SOURCE.problem(
    Mark(2, 11),
    ("regions", 0, "api", "minReplcas"),
    "unknown key",
    found="minReplcas",
    allowed=("minReplicas", "maxReplicas"),
    nearest="minReplicas",
)


def test_a_problem_shows_its_place_its_remedy_and_the_line_with_a_caret() -> None:
    assert MISSPELT.render() == (
        "fleet/production.yaml:2:11: regions[0].api.minReplcas: unknown key; did you mean minReplicas? "
        "allowed: minReplicas, maxReplicas\n"
        "      - api: {minReplcas: 3}\n"
        "              ^"
    )


def test_a_problem_of_a_whole_file_has_no_place() -> None:
    problem = Problem(file="fleet/a.yaml", message="empty")
    assert problem.render() == "fleet/a.yaml: empty"
    assert problem.to_json() == {"file": "fleet/a.yaml", "message": "empty"}


def test_the_json_form_holds_what_the_text_says() -> None:
    assert MISSPELT.to_json() == {
        "file": "fleet/production.yaml",
        "line": 2,
        "column": 11,
        "path": "regions[0].api.minReplcas",
        "message": "unknown key",
        "found": "minReplcas",
        "allowed": ["minReplicas", "maxReplicas"],
        "nearest": "minReplicas",
    }


def test_problems_are_told_in_the_order_of_files_and_lines() -> None:
    places = [("b", 1, 1), ("a", 10, 1), ("a", 9, 7), ("a", 9, 2)]
    error = FleetError(Problem(file=f, line=n, column=c, message="m") for f, n, c in places)
    assert [(p.file, p.line, p.column) for p in error.problems] == sorted(places)


def test_a_flood_of_problems_is_cut_and_counted() -> None:
    error = FleetError(Problem(file="a", line=n, column=1, message="m") for n in range(1, 1001))
    assert str(error).endswith(f"\n1000 problems; the first {MOST_SHOWN} are shown")
    assert error.to_json()["count"] == 1000
    assert len(error.to_json()["problems"]) == MOST_SHOWN


def test_a_long_line_is_cut_around_the_place() -> None:
    source = Source(file="a", lines=("x" * 5000 + "HERE" + "y" * 5000,))
    _, line, caret = source.problem(Mark(1, 5001), (), "m").render().split("\n")
    assert len(line) < 120
    assert line[caret.index("^") :].startswith("HERE")


def test_what_a_file_holds_cannot_drive_the_terminal() -> None:
    source = Source(file="a", lines=("\x1b[31mred",))
    text = source.problem(Mark(1, 1), ("\x1b[2J",), "m", found=quoted("\x1b]0;x\x07")).render()
    assert "\x1b" not in text
    assert "\x07" not in text


def test_a_path_is_spelled_so_that_it_can_be_read_back() -> None:
    assert show_path(("regions", 0, "api", "a b")) == 'regions[0].api["a b"]'
