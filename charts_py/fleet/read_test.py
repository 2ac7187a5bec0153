import os
from pathlib import Path

import pytest

from charts_py.fleet.problem import FleetError
from charts_py.fleet.read import read_fleet
from charts_py.fleet.yaml_reader import MOST_BYTES

REPOSITORY = Path(__file__).parents[2]


def write(folder: Path, name: str, regions: str = "[{name: a}]", more: str = "") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(f"environment: {name}\nversion: 3.0.0\nregions: {regions}\n{more}")
    return file


def told(where: Path | list[Path], folder: Path) -> list[str]:
    with pytest.raises(FleetError) as error:
        read_fleet(where)
    return [problem.headline().replace(f"{folder.as_posix()}/", "") for problem in error.value.problems]


def test_the_fleet_of_this_repository_is_sound() -> None:
    assert [environment.name for environment in read_fleet(REPOSITORY / "fleet")] == [
        "example",
        "production",
        "staging",
    ]


def test_a_folder_gives_its_environments_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path, name)
    (tmp_path / "README.md").write_text("not a fleet file")
    (tmp_path / ".hidden.yaml").write_text("not a fleet file")
    assert [environment.name for environment in read_fleet(tmp_path)] == ["a", "b"]


def test_files_can_be_named_and_linked_to(tmp_path: Path) -> None:
    file = write(tmp_path, "a")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "a.yaml"
    link.symlink_to(file)
    assert read_fleet([link]) == read_fleet(file) == read_fleet(link.parent)


def test_the_mistakes_of_all_files_are_told_together(tmp_path: Path) -> None:
    write(tmp_path, "a", "[{name: A}]")
    write(tmp_path, "b", "[{name: b, spot: true}]")
    (tmp_path / "c.yml").write_text("")
    assert [line.split(":")[0] for line in told(tmp_path, tmp_path)] == ["a.yaml", "b.yaml", "c.yml"]


def test_a_folder_without_fleet_files_says_what_to_write(tmp_path: Path) -> None:
    assert told(tmp_path, tmp_path.parent) == [
        f"{tmp_path.name}: holds no fleet file; write <environment>.yaml, as in production.yaml"
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "fleet", tmp_path) == [
        "fleet: no such folder; a fleet is a folder of <environment>.yaml files"
    ]


def test_another_suffix_is_told_and_not_ignored(tmp_path: Path) -> None:
    write(tmp_path, "a")
    (tmp_path / "b.yml").write_text("")
    assert told(tmp_path, tmp_path) == ["b.yml: would be ignored; rename it to b.yaml"]


def test_what_cannot_be_read_is_told_and_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "null.yaml").symlink_to("/dev/null")
    assert told(tmp_path, tmp_path) == [
        "folder.yaml: no regular file",
        "gone.yaml: cannot be read: No such file or directory",
        "loop.yaml: cannot be read: Too many levels of symbolic links",
        "null.yaml: no regular file",
        "pipe.yaml: no regular file",
    ]


def test_a_file_without_end_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(1000 * MOST_BYTES)
    assert told(tmp_path, tmp_path) == ["a.yaml: larger than 1024 KiB; that is no fleet file"]


HUB = "argocd: {mode: hub, repoURL: 'https://example.com/x.git'}\n"


def test_one_hub_knows_a_cluster_name_once(tmp_path: Path) -> None:
    write(tmp_path, "a", more=HUB)
    write(tmp_path, "b", more=HUB)
    assert told(tmp_path, tmp_path) == [
        "b.yaml:3:18: regions[0].cluster: a/a is in cluster a already, "
        "and one hub knows a cluster by its name; give each its own"
    ]


def test_without_a_hub_clusters_may_share_names(tmp_path: Path) -> None:
    write(tmp_path, "a", more=HUB)
    write(tmp_path, "b")
    assert len(read_fleet(tmp_path)) == 2


def test_an_environment_is_described_by_one_file(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = [write(tmp_path, "a"), write(tmp_path / "other", "a")]
    [headline] = told(files, tmp_path)
    assert headline == "other/a.yaml:1:14: environment: a.yaml is this environment already; found a"
