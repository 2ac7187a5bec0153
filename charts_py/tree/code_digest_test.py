import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from charts_py.tree.code_digest import LIBRARIES, code_digest, installed_versions


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "api.py").write_text("replicas = 3\n")
    (tmp_path / "resources" / "api_test.py").write_text("")
    return tmp_path


def test_changed_code_has_another_digest(package: Path) -> None:
    before = code_digest(package)
    (package / "resources" / "api.py").write_text("replicas = 5\n")

    assert code_digest(package) != before


def test_moved_code_has_another_digest(package: Path) -> None:
    before = code_digest(package)
    (package / "resources" / "api.py").rename(package / "resources" / "gateway.py")

    assert code_digest(package) != before


def test_a_template_beside_the_code_counts_as_code(package: Path) -> None:
    before = code_digest(package)
    (package / "resources" / "alerts.txt").write_text("x")

    assert code_digest(package) != before


def test_tests_and_compiled_files_do_not_count(package: Path) -> None:
    before = code_digest(package)
    (package / "resources" / "api_test.py").write_text("changed = True\n")
    (package / "resources" / "__pycache__").mkdir()
    (package / "resources" / "__pycache__" / "api.pyc").write_bytes(b"x")

    assert code_digest(package) == before


def test_another_set_of_libraries_has_another_digest(package: Path) -> None:
    assert code_digest(package) != code_digest(package, [*LIBRARIES, "not-a-distribution"])


def test_the_versions_are_those_that_python_itself_finds() -> None:
    found = installed_versions(LIBRARIES, sys.path)

    assert found == {library: metadata.version(library) for library in LIBRARIES}


def test_the_version_that_comes_first_in_the_path_is_the_one_that_is_imported(tmp_path: Path) -> None:
    for folder in ("a/PyYAML-6.0.dist-info", "b/pyyaml-5.0.dist-info", "b/js_ii-1.0.egg-info"):
        (tmp_path / folder).mkdir(parents=True)

    path = [str(tmp_path / folder) for folder in ("missing", "a", "b")]

    assert installed_versions(["pyyaml", "js-ii", "cdk8s"], path) == {
        "pyyaml": "6.0",
        "js-ii": "1.0",
        "cdk8s": "not installed",
    }


def test_our_own_code_has_a_digest() -> None:
    assert re.fullmatch("[0-9a-f]{64}", code_digest(Path(__file__).parents[1]))
