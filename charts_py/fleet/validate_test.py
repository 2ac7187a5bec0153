from charts_py.fleet.validate import describe, shape_problems
from charts_py.fleet.yaml_reader import read_yaml

SOUND = b"environment: lab\nversion: 3.0.0\nregions: [{name: a}]\n"


def messages(text: bytes) -> list[str]:
    document = read_yaml(text, "lab.yaml")
    assert document.root is not None
    return [problem.headline() for problem in shape_problems(document.root, document.source)]


def test_a_file_that_fits_has_no_problems() -> None:
    assert messages(SOUND) == []


def test_a_value_with_a_wrong_type_is_told_once_although_it_breaks_its_choices_too() -> None:
    assert len(messages(SOUND + b"defaults: {kubernetes: 1.37}\n")) == 1


def test_every_unknown_key_of_a_mapping_is_told() -> None:
    text = SOUND + b"defaults: {api: {one: 1, two: 2}, dwpc: {}}\n"
    assert [line.split(": ")[1] for line in messages(text)] == [
        "defaults.api.one",
        "defaults.api.two",
        "defaults.dwpc",
    ]


def test_a_foreign_mapping_gets_no_guesses() -> None:
    keys = ", ".join(f"minReplica{number}: 1" for number in range(26))
    lines = messages(SOUND + f"defaults: {{api: {{{keys}}}}}\n".encode())
    assert len(lines) == 26
    assert not any("did you mean" in line for line in lines)


def test_a_top_that_is_no_mapping_is_told_as_such() -> None:
    assert messages(b"- a\n") == ["lab.yaml:1:1: must be a mapping; found a list"]


def test_a_number_is_described_as_it_was_written() -> None:
    root = read_yaml(b"1.30", "x").root
    assert root is not None
    assert describe(root) == "the number 1.30"
