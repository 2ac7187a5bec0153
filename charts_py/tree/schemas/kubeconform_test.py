from __future__ import annotations

import json
from pathlib import Path

import pytest

from charts_py.tree.schemas.kubeconform import KubeconformError, find_kubeconform, problems_of, run

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def binary():
    return find_kubeconform(REPOSITORY)


@pytest.fixture
def schemas(tmp_path):
    """A schema folder in a path that could be taken for a template or a URL."""
    folder = tmp_path / "100% {{odd}} #x"
    (folder / "v1").mkdir(parents=True)
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": {"type": "string"}}}
    (folder / "v1" / "widget_v1.json").write_text(json.dumps(schema))
    return folder


def widget(name, **fields):
    return json.dumps({"apiVersion": "v1", "kind": "Widget", "metadata": {"name": name}, **fields}).encode()


def program(path, text="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_named_one_comes_before_the_built_one_and_that_before_the_path(tmp_path):
    on_path = program(tmp_path / "path" / "kubeconform")
    environment = {"PATH": str(on_path.parent)}
    assert find_kubeconform(tmp_path, environment) == on_path
    built = program(tmp_path / ".novacron" / "bin" / "kubeconform")
    assert find_kubeconform(tmp_path, environment) == built
    named = program(tmp_path / "mine")
    assert find_kubeconform(tmp_path, {**environment, "NOVACRON_KUBECONFORM": str(named)}) == named


def test_a_missing_one_is_an_error_with_the_command_that_builds_it(tmp_path):
    with pytest.raises(KubeconformError, match=r"run: python tools/build\.py kubeconform"):
        find_kubeconform(tmp_path, {"PATH": ""})


def test_a_named_one_that_is_none_is_never_replaced_in_silence(tmp_path):
    program(tmp_path / ".novacron" / "bin" / "kubeconform")
    with pytest.raises(KubeconformError, match="NOVACRON_KUBECONFORM is '/nowhere'"):
        find_kubeconform(tmp_path, {"NOVACRON_KUBECONFORM": "/nowhere"})


def test_invalid_documents_are_told_apart_by_position_even_with_equal_names(binary, schemas):
    documents = [widget("a", spec=str(i)) for i in range(40)]
    documents[7] = documents[31] = widget("a", spec=1)
    assert [v.index for v in run(documents, binary=binary, schemas=schemas)] == [7, 31]


def test_every_document_must_be_answered_for(binary, schemas):
    two = widget("a", spec="x") + b"\n---\n" + widget("b", spec="x")
    for documents in ([two], [b""], [b"# nothing"], [b'{"kind": "List", "apiVersion": "v1", "items": []}']):
        with pytest.raises(KubeconformError, match="each must be exactly one object"):
            run(documents, binary=binary, schemas=schemas)


def test_a_kind_without_a_schema_and_a_document_without_a_kind_are_problems(binary, schemas):
    gadget = b'{"apiVersion": "v1", "kind": "Gadget", "metadata": {"name": "a"}}'
    verdicts = run([widget("a", spec="x"), gadget, b'{"a": 1}'], binary=binary, schemas=schemas)
    assert [v.index for v in verdicts] == [1, 2]
    assert "could not find schema" in verdicts[0].problems[0][1]


def test_a_key_given_twice_is_a_problem(binary, schemas):
    document = b"apiVersion: v1\nkind: Widget\nmetadata: {name: a}\nspec: a\nspec: b\n"
    (verdict,) = run([document], binary=binary, schemas=schemas)
    assert "spec" in verdict.problems[0][1]


def test_documents_larger_than_a_read_buffer_are_checked_whole(binary, schemas):
    documents = [widget(f"a{i}", spec="x" * 300_000) for i in range(30)]
    documents[29] = widget("b", spec=1, padding="x" * 300_000)
    assert [v.index for v in run(documents, binary=binary, schemas=schemas)] == [29]


def test_no_documents_need_no_kubeconform():
    assert run([], binary=Path("/nowhere"), schemas=Path("/nowhere")) == []


def test_a_program_that_gives_no_report_is_an_error_with_what_it_said(tmp_path, schemas):
    broken = program(tmp_path / "broken", "#!/bin/sh\necho 'out of luck' >&2\nexit 3\n")
    with pytest.raises(KubeconformError, match="exited 3 without a report: out of luck"):
        run([widget("a")], binary=broken, schemas=schemas)


def test_a_program_that_skips_is_an_error(tmp_path, schemas):
    report = '{"resources": [], "summary": {"valid": 0, "invalid": 0, "errors": 0, "skipped": 1}}'
    skipping = program(tmp_path / "skipping", f"#!/bin/sh\necho '{report}'\n")
    with pytest.raises(KubeconformError, match="skipped 1"):
        run([widget("a")], binary=skipping, schemas=schemas)


def test_a_nested_message_becomes_its_single_problems():
    message = (
        "problem validating schema. Check JSON formatting: jsonschema validation failed with 'file:///x#'"
        " - at '/spec': validation failed"
        "   - at '/spec/it\\'s': got string, want integer"
        "   - at '/spec/o': 'oneOf' failed, none matched"
        "     - at '/spec/o': missing property 'a'"
        "     - at '/spec/o': missing property 'b'"
        "   - at '/spec/p': got null, want array"
        " - at '/metadata': additional properties 'x' not allowed"
    )
    assert problems_of(message) == (
        ("/spec/it's", "got string, want integer"),
        (
            "/spec/o",
            "'oneOf' failed, none matched; /spec/o: missing property 'a'; /spec/o: missing property 'b'",
        ),
        ("/spec/p", "got null, want array"),
        ("/metadata", "additional properties 'x' not allowed"),
    )


def test_a_message_without_places_is_kept_whole():
    assert problems_of("could not find schema for Gadget") == (("", "could not find schema for Gadget"),)
