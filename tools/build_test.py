import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SPEC = importlib.util.spec_from_file_location("build", HERE / "build.py")
assert SPEC and SPEC.loader
build = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = build
SPEC.loader.exec_module(build)

GO = build.Go(path=Path("go"), version=(1, 26, 8))
TOOL = build.TOOLS_BY_NAME["kubeconform"]


@pytest.fixture
def module(tmp_path):
    (tmp_path / "go.mod").write_text("module x\n\ngo 1.26.0\n\nrequire github.com/yannh/kubeconform v0.8.0\n")
    (tmp_path / "go.sum").write_text("a h1:b\n")
    return tmp_path


def test_every_tool_is_pinned_by_hash():
    for tool in build.TOOLS_BY_NAME.values():
        folder = HERE / tool.module
        version = build.pinned_version((folder / "go.mod").read_text(), tool.pinned)
        assert f"{tool.pinned} {version} h1:" in (folder / "go.sum").read_text(), tool.name


def test_every_module_folder_builds_something():
    folders = {path.parent.name for path in HERE.glob("*/go.mod")}
    assert folders == {tool.module for tool in build.TOOLS_BY_NAME.values()}


def test_a_tool_in_a_group_exists():
    for members in build.GROUPS.values():
        assert set(members) <= set(build.TOOLS_BY_NAME)


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_a_changed_pin_makes_another_stamp(module, name):
    before = build.stamp(TOOL, module, GO)
    path = module / name
    path.write_text(path.read_text() + "\n")
    assert build.stamp(TOOL, module, GO) != before


def test_another_go_makes_another_stamp(module):
    newer = build.Go(path=GO.path, version=(1, 27, 0))
    assert build.stamp(TOOL, module, GO) != build.stamp(TOOL, module, newer)


def test_kubernetes_reports_the_version_that_is_pinned():
    flags = build.linker_flags(build.TOOLS_BY_NAME["kubectl"], "require k8s.io/kubernetes v1.37.2\n")
    assert "version.gitVersion=v1.37.2" in flags
    assert "version.gitMajor=1" in flags
    assert "version.gitMinor=37" in flags


@pytest.mark.parametrize(
    ("text", "version"), [("go1.26.8", (1, 26, 8)), ("1.26", (1, 26, 0)), ("go1.27rc1", (1, 27, 0))]
)
def test_go_versions_compare_as_numbers(text, version):
    assert build.parse_version(text) == version


def test_a_group_and_its_member_build_once():
    names = [tool.name for tool in build.wanted(["promtool", "checks"])]
    assert names == ["promtool", "kubeconform"]


def test_an_unknown_tool_is_refused_with_the_list_of_known_ones(capsys):
    with pytest.raises(SystemExit) as stop:
        build.main(["kubeconfirm"])
    assert stop.value.code == 2
    assert "kubeconform" in capsys.readouterr().err


def test_without_a_new_enough_go_the_error_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(build, "go_candidates", lambda: iter(()))
    with pytest.raises(build.BuildError, match=r"Go 1\.26\.0 or newer is needed \(none found\).*uv sync"):
        build.find_go((1, 26, 0))


def test_a_failed_download_says_that_the_network_is_the_reason():
    text = build.explain(TOOL, "go: downloading x v1\nGet ...: dial tcp: lookup proxy: no such host\n")
    assert "could not be downloaded" in text
    assert "go: downloading" not in text


def test_a_binary_without_its_stamp_is_not_current(tmp_path, module):
    digest = build.stamp(TOOL, module, GO)
    (tmp_path / TOOL.name).write_text("")
    assert not build.is_current(TOOL, tmp_path, digest)
    (tmp_path / ".stamps").mkdir()
    (tmp_path / ".stamps" / TOOL.name).write_text(digest)
    assert build.is_current(TOOL, tmp_path, digest)


def test_a_missing_link_is_not_current(tmp_path):
    tool = build.TOOLS_BY_NAME["argocd"]
    (tmp_path / tool.name).write_text("")
    (tmp_path / ".stamps").mkdir()
    (tmp_path / ".stamps" / tool.name).write_text("digest")
    assert not build.is_current(tool, tmp_path, "digest")


def test_a_second_build_says_that_it_waits_for_the_first(tmp_path):
    script = (
        "import importlib.util,sys,pathlib;"
        f"s=importlib.util.spec_from_file_location('build',{str(HERE / 'build.py')!r});"
        "b=importlib.util.module_from_spec(s);sys.modules['build']=b;s.loader.exec_module(b)\n"
        f"with b.exclusive(pathlib.Path({str(tmp_path)!r})): print('held',flush=True)"
    )
    with build.exclusive(tmp_path):
        second = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        assert "waiting" in second.stdout.readline()
    assert second.stdout.readline() == "held\n"
    second.wait()
    second.stdout.close()


def test_a_reader_who_has_seen_enough_is_no_error():
    listing = subprocess.Popen(
        [sys.executable, HERE / "build.py", "--list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert listing.stdout and listing.stderr
    listing.stdout.close()

    assert listing.stderr.read() == b""
    assert listing.wait() == 0
    listing.stderr.close()
