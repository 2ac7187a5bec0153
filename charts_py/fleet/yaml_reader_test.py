import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charts_py.fleet.positions import Mark
from charts_py.fleet.yaml_reader import DEEPEST, MOST_BYTES, MOST_VALUES, Document, read_yaml


def read(text: str | bytes) -> Document:
    return read_yaml(text if isinstance(text, bytes) else text.encode(), "f.yaml")


def headlines(text: str | bytes) -> list[str]:
    return [problem.headline() for problem in read(text).problems]


def place(document: Document, *path: str | int) -> tuple[Mark, Mark]:
    assert document.root is not None
    entry = document.root.find(path)
    assert entry is not None
    return entry.mark, entry.node.mark


def value(document: Document) -> object:
    assert document.root is not None
    return document.root.value


def test_every_key_and_value_has_its_place() -> None:
    document = read("a: 1\nlist:\n  - {b: x, 'c': y}\n  - |\n    text\n")
    assert value(document) == {"a": 1, "list": [{"b": "x", "c": "y"}, "text\n"]}
    assert place(document, "a") == (Mark(1, 1), Mark(1, 4))
    assert place(document, "list", 0, "c") == (Mark(3, 12), Mark(3, 17))
    assert place(document, "list", 1) == (Mark(4, 5), Mark(4, 5))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_places_are_the_same_with_any_line_end_and_with_a_byte_order_mark(newline: str) -> None:
    document = read(b"\xef\xbb\xbf" + newline.join(("a: 1", "é: {b: 2}")).encode())
    assert place(document, "é", "b") == (Mark(2, 5), Mark(2, 8))


def test_an_alias_is_the_anchored_value_at_the_anchor_s_place() -> None:
    document = read("a: &x {b: 1}\nc: *x\n")
    assert value(document) == {"a": {"b": 1}, "c": {"b": 1}}
    assert place(document, "c", "b") == place(document, "a", "b")


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("", "f.yaml: empty; a fleet file has at least environment, version and regions"),
        ("# only a comment\n", "f.yaml: empty; a fleet file has at least environment, version and regions"),
        ("---\n...\n", "f.yaml: empty; a fleet file has at least environment, version and regions"),
        (b"\xff\xfea\x00", "f.yaml: not UTF-8 but UTF-16; save it as UTF-8"),
        (b"a: 1\nb: \xff\n", "f.yaml: not UTF-8: byte 0xff in line 2; save it as UTF-8"),
        (b"\x7fELF\x02\x01\x00", "f.yaml:1:1: character U+007F has no place in a text file; remove it"),
        ("a: 1\nb: \x00", "f.yaml:2:4: character U+0000 has no place in a text file; remove it"),
        ("a: \u2028", "f.yaml:1:4: character U+2028 has no place in a text file; remove it"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: a: key given twice; first in line 1"),
        ("a:\n  b: 1\n  b: 2\n", "f.yaml:3:3: a.b: key given twice; first in line 2"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: a tab in the indentation; use spaces"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document; a fleet file has one, remove this `---`"),
        ("a: !!str 5", "f.yaml:1:4: a: tags are not supported; remove it, and put text in quotes"),
        ("? [a]\n: 1", "f.yaml:1:3: a mapping or list as a key; keys are plain words"),
        ("a: &x [*x]", "f.yaml:1:8: a[0]: alias *x stands inside its own anchor"),
        ("a: *x", "f.yaml:1:4: a: alias *x has no anchor &x before it"),
        ("*x : 1", "f.yaml:1:1: an alias as a key; write the key out"),
        ("&x a: 1", "f.yaml:1:1: a: an anchor on a key; anchors belong to values"),
        (
            "a: {<<: {b: 1}}",
            'f.yaml:1:5: a["<<"]: merge keys are not supported; write what regions share under `defaults`',
        ),
        ('a: "\\0"', "f.yaml:1:4: a: text with a control character; leave the escape out"),
        ('a: "x', "f.yaml:1:6: the file ends inside quotes; close them"),
        ("a: @x", "f.yaml:1:4: no value can begin with this character; put it in quotes"),
        ("a: [1", "f.yaml:1:4: a list in brackets that is not closed, or lacks a comma"),
        (
            "a: b: c",
            "f.yaml:1:5: `key: value` where no key can stand; check the indentation, and quote text that "
            "holds `: `",
        ),
        (
            "a: on",
            "f.yaml:1:4: a: some YAML readers take on for true, others for text; "
            'write true, or "on" in quotes; found on',
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why_and_where(text: str | bytes, headline: str) -> None:
    assert headlines(text) == [headline]


def test_mistakes_of_spelling_are_told_together() -> None:
    assert [line.split(":")[1] for line in headlines("a: yes\nb: 010\na: 1\nc: !x 1\n")] == [
        "1",
        "2",
        "3",
        "4",
    ]


def test_the_first_of_two_equal_keys_counts() -> None:
    assert value(read("a: 1\na: {b: 2}\nc: 3\n")) == {"a": 1, "c": 3}


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    assert headlines(bomb) == [
        f"f.yaml:5:22: a4[3]: more than {MOST_VALUES} values, each use of an anchor counted in full"
    ]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: "])
def test_deep_nesting_is_refused_and_no_recursion(opening: str) -> None:
    [headline] = headlines(opening * 100_000)
    assert headline.endswith(f"nested deeper than {DEEPEST} levels")


def test_nesting_through_aliases_counts_as_nesting() -> None:
    chain = "- &a0 [x]\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 100))
    [headline] = headlines(chain)
    assert headline.endswith(f"nested deeper than {DEEPEST} levels")


def test_a_file_above_the_limit_is_refused_unread() -> None:
    assert headlines(b"a" * (MOST_BYTES + 1)) == ["f.yaml: larger than 1024 KiB; that is no fleet file"]


@given(st.binary(max_size=200))
def test_any_bytes_give_a_document_or_problems(data: bytes) -> None:
    document = read(data)
    assert document.root is not None or document.problems


@settings(max_examples=300)
@given(st.text(alphabet="ab:- \n{}[],&*!|>'\"#?%@<~01.\t", max_size=60))
def test_any_text_that_looks_like_yaml_gives_a_document_or_problems(text: str) -> None:
    document = read(text)
    assert document.root is not None or document.problems
    for problem in document.problems:
        problem.render()
