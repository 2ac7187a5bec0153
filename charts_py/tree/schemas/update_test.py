from __future__ import annotations

import hashlib
import json

import pytest
import yaml

from charts_py.tree.schemas import update as module
from charts_py.tree.schemas.source import SourceError
from charts_py.tree.schemas.structural import SchemaError
from charts_py.tree.schemas.update import update


def crd(kind, node):
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.lower()}s.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": kind},
            "versions": [
                {
                    "name": "v1",
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": node}}},
                }
            ],
        },
    }


class Upstreams:
    """A schema folder with its lock file, and a mirror."""

    def __init__(self, root):
        self.schemas, self.mirror = root / "schemas", root / "mirror"
        self.schemas.mkdir()
        self.mirror.mkdir()

    def release(self, *crds, kinds):
        content = yaml.safe_dump_all(crds).encode()
        (self.mirror / "widgets-1.0.yaml").write_bytes(content)
        entry = {
            "project": "widgets",
            "release": "1.0",
            "url": "https://example.com",
            "files": ["a.yaml"],
            "sha256": hashlib.sha256(content).hexdigest(),
            "kinds": [f"example.com/v1 {kind}" for kind in kinds],
        }
        (self.schemas / "lock.yaml").write_text(yaml.safe_dump({"upstreams": [entry]}))

    def update(self, **options):
        return update(self.schemas, mirror=self.mirror, **options)

    def files(self):
        return {
            path.relative_to(self.schemas).as_posix(): path.read_bytes()
            for path in self.schemas.rglob("*")
            if path.is_file() and path.name != "lock.yaml"
        }


@pytest.fixture
def upstreams(tmp_path):
    made = Upstreams(tmp_path)
    made.release(
        crd("Widget", {"type": "string"}), crd("Gadget", {"type": "integer"}), kinds=["Widget", "Gadget"]
    )
    return made


def test_only_the_listed_kinds_are_written(upstreams):
    upstreams.release(crd("Widget", {"type": "string"}), crd("Gadget", {"type": "integer"}), kinds=["Widget"])
    assert upstreams.update().added == ("example.com/widget_v1.json",)
    assert list(upstreams.files()) == ["example.com/widget_v1.json"]


def test_a_second_update_changes_nothing(upstreams):
    upstreams.update()
    before = upstreams.files()
    assert not upstreams.update()
    assert upstreams.files() == before


def test_a_kind_that_left_the_lock_file_loses_its_schema(upstreams):
    upstreams.update()
    upstreams.release(crd("Widget", {"type": "string"}), kinds=["Widget"])
    assert upstreams.update().removed == ("example.com/gadget_v1.json",)
    assert list(upstreams.files()) == ["example.com/widget_v1.json"]


def test_check_tells_the_differences_and_writes_nothing(upstreams):
    assert len(upstreams.update(check=True).added) == 2
    assert upstreams.files() == {}
    upstreams.update()
    (upstreams.schemas / "example.com/widget_v1.json").write_text("{}")
    assert upstreams.update(check=True).changed == ("example.com/widget_v1.json",)
    assert upstreams.files()["example.com/widget_v1.json"] == b"{}"


def test_a_kind_that_the_release_lacks_is_an_error_and_nothing_is_written(upstreams):
    upstreams.release(crd("Widget", {"type": "string"}), kinds=["Widget", "Gizmo"])
    with pytest.raises(SourceError, match=r"no example\.com/v1 Gizmo.*Widget\.example\.com"):
        upstreams.update()
    assert upstreams.files() == {}


def test_changed_bytes_in_the_mirror_are_an_error_and_nothing_is_written(upstreams):
    with (upstreams.mirror / "widgets-1.0.yaml").open("ab") as file:
        file.write(b"\n# changed")
    with pytest.raises(SourceError, match="sha256"):
        upstreams.update()
    assert upstreams.files() == {}


def test_a_schema_that_cannot_be_translated_leaves_the_others_unwritten(upstreams):
    upstreams.release(
        crd("Widget", {"type": "string"}), crd("Gadget", {"unheard-of": 1}), kinds=["Widget", "Gadget"]
    )
    with pytest.raises(SchemaError, match="unheard-of"):
        upstreams.update()
    assert upstreams.files() == {}


def test_a_write_that_fails_leaves_the_old_schema_and_no_draft(upstreams, monkeypatch):
    upstreams.update()
    before = upstreams.files()
    upstreams.release(crd("Widget", {"type": "boolean"}), kinds=["Widget", "Gadget"][:1])

    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(module.Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        upstreams.update()
    assert upstreams.files() == before


def test_the_written_schema_is_structure_without_prose(upstreams):
    upstreams.release(crd("Widget", {"type": "string", "description": "prose"}), kinds=["Widget"])
    upstreams.update()
    text = upstreams.files()["example.com/widget_v1.json"]
    assert b"prose" not in text
    assert json.loads(text)["properties"]["spec"] == {"type": "string"}


def test_progress_names_every_release(upstreams):
    lines = []
    upstreams.update(progress=lines.append)
    assert lines == ["[1/1] widgets 1.0: 2 kinds"]
