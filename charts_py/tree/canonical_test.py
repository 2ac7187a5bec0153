import enum
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from charts_py.tree import canonical
from charts_py.tree.canonical import NotCanonicalError, provenance, to_yaml


class _Core12Loader(yaml.SafeLoader):
    """Reads plain scalars by the core schema of YAML 1.2 instead of YAML 1.1."""


_Core12Loader.yaml_implicit_resolvers = {
    None: [
        (f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"))
        for tag, pattern in {
            "null": "null|Null|NULL|~|",
            "bool": "true|True|TRUE|false|False|FALSE",
            "int": "[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
            "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
            r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        }.items()
    ]
}
_Core12Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
_Core12Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))

_AMBIGUOUS = [
    "",
    "~",
    "null",
    "Null",
    "true",
    "TRUE",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "8080",
    "-1",
    "+1",
    "1e3",
    "1E6",
    "1.5",
    ".5",
    "5.",
    "1.0e+3",
    "0x1f",
    "0o17",
    "017",
    "0b11",
    "1_000",
    ".inf",
    "-.INF",
    ".NaN",
    "12:30",
    "1:20:30.5",
    "2001-01-01",
    "2001-1-1 10:00:00",
    "2001-01-01T00:00:00Z",
    "=",
    "<<",
    " leading",
    "trailing ",
    "\ttab",
]

_text = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(alphabet=" \n\t\r\x85\u2028#:-'\"\\|>&*!%@`{}[],?a1.eE_+~=<\ufeff\U0001f600", max_size=12),
    st.sampled_from(_AMBIGUOUS),
    st.from_regex(r"[-+]?[0-9._:eExob]{1,8}", fullmatch=True),
)
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _text
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=12,
)
_manifests = st.dictionaries(_text, _values, min_size=1, max_size=4)


def _same(left: object, right: object) -> bool:
    """Equality that tells 1 from 1.0 and from True, and minds the order of keys."""
    return repr(left) == repr(right)


@given(_manifests)
def test_every_json_value_means_the_same_to_yaml_1_1_and_to_yaml_1_2(manifest: Any) -> None:
    content = to_yaml(manifest, "header")

    assert _same(yaml.load(content, yaml.CSafeLoader), manifest)
    assert _same(yaml.load(content, yaml.SafeLoader), manifest)
    assert _same(yaml.load(content, _Core12Loader), manifest)


@given(_manifests)
def test_the_first_line_is_the_header_and_no_alias_or_document_mark_is_written(manifest: Any) -> None:
    first, rest = to_yaml(manifest, "header").split(b"\n", 1)

    assert first == b"# header"
    assert rest.endswith(b"\n")
    assert not any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(rest))
    assert not any(
        isinstance(event, yaml.DocumentStartEvent) and event.explicit for event in yaml.parse(rest)
    )


@pytest.mark.parametrize("text", _AMBIGUOUS)
def test_a_string_that_some_reader_takes_for_another_type_stands_in_double_quotes(text: str) -> None:
    line = to_yaml({"key": text}, "h").decode().splitlines()[1]

    assert line.startswith('key: "')
    assert line.endswith('"')


@pytest.mark.parametrize(
    "text", ["novacron-api", "1.2.3", "100m", "1Gi", "10.0.0.0/8", "50%", "https://a/b:80", "a b"]
)
def test_a_string_that_every_reader_takes_for_a_string_stands_plain(text: str) -> None:
    assert to_yaml({"key": text}, "h").decode() == f"# h\nkey: {text}\n"


def test_the_style_is_the_one_that_kubectl_prints() -> None:
    manifest = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "a", "labels": {}},
        "spec": [{"args": ["--port=8080", "*"], "none": None, "on": True}, []],
        "data": {
            "run.sh": "set -e\n  exec x\n",
            "keep": "a\n\n",
            "cut": "a\nb",
            "long": "word " * 60 + "end",
        },
    }

    assert to_yaml(manifest, "h").decode() == (
        "# h\n"
        "kind: ConfigMap\n"
        "apiVersion: v1\n"
        "metadata:\n"
        "  name: a\n"
        "  labels: {}\n"
        "spec:\n"
        "- args:\n"
        "  - --port=8080\n"
        "  - '*'\n"
        "  none: null\n"
        '  "on": true\n'
        "- []\n"
        "data:\n"
        "  run.sh: |\n"
        "    set -e\n"
        "      exec x\n"
        "  keep: |+\n"
        "    a\n"
        "\n"
        "  cut: |-\n"
        "    a\n"
        "    b\n"
        f"  long: {'word ' * 60}end\n"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1e16, "1.0e+16"),
        (1e-7, "1.0e-07"),
        ("a\n\u2028b", r'"a\n\Lb"'),
        ("a\u2028b", r'"a\Lb"'),
        ("a\x85b", r'"a\Nb"'),
        ("a\r\nb", r'"a\r\nb"'),
        ("a\n\n", "|+\n  a\n"),
    ],
)
def test_what_yaml_readers_dispute_is_spelled_so_that_all_agree(value: object, written: str) -> None:
    assert to_yaml({"key": value}, "h").decode() == f"# h\nkey: {written}\n"


def test_a_value_that_is_used_twice_is_written_twice() -> None:
    labels = {"app": "x"}

    content = to_yaml({"labels": labels, "selector": labels}, "h")

    assert content == b"# h\nlabels:\n  app: x\nselector:\n  app: x\n"


class _Mode(enum.StrEnum):
    STRICT = "STRICT"


@pytest.mark.parametrize(
    ("manifest", "field", "reason"),
    [
        ({"spec": {"n": [1, float("nan")]}}, "spec.n[1]", "no JSON number"),
        ({"spec": {"n": float("inf")}}, "spec.n", "no JSON number"),
        ({"spec": {"a.b/c": (1, 2)}}, "spec['a.b/c']", "tuple"),
        ({"spec": {"mode": _Mode.STRICT}}, "spec.mode", "_Mode"),
        ({"data": {8080: "x"}}, "data", "keys are strings"),
        ({"data": {"x": b"x"}}, "data.x", "bytes"),
        ({"data": {"x": "\ud800"}}, "data.x", "surrogate"),
        ({"data": {"\ud800": 1}}, r"data['\ud800']", "surrogate"),
    ],
)
def test_what_json_cannot_hold_is_refused_naming_the_field(manifest: Any, field: str, reason: str) -> None:
    with pytest.raises(NotCanonicalError) as caught:
        to_yaml({"kind": "ConfigMap", "metadata": {"name": "c"}, **manifest}, "h")

    assert str(caught.value).startswith(f"ConfigMap c: field {field}: ")
    assert reason in str(caught.value)


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop

    with pytest.raises(NotCanonicalError, match="hold itself"):
        to_yaml(loop, "h")


def test_a_header_of_two_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="one printable line"):
        to_yaml({}, "a\nkind: Secret")


def test_the_header_names_the_file_to_edit() -> None:
    assert "fleet/production.yaml" in provenance("fleet/production.yaml")


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import sys; from charts_py.tree.canonical import to_yaml;"
        "sys.stdout.buffer.write(to_yaml({k: {k: [k]} for k in 'zebra on a 1e3'.split()}, 'h'))"
    )
    root = Path(canonical.__file__).parents[2]

    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }

    assert len(outputs) == 1
