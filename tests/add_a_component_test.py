import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "add-a-component.md").read_text()


def code_blocks():
    return re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def copy_of_the_repository(folder):
    for name in ("charts_py", "fleet", "schemas", "generated", "argocd"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".novacron" / "bin", folder / ".novacron" / "bin", symlinks=True)


def test_the_page_adds_a_component_word_for_word(tmp_path):
    copy_of_the_repository(tmp_path)
    module, test, line = code_blocks()
    resources = tmp_path / "charts_py" / "resources"
    (resources / "region_info.py").write_text(module)
    (resources / "region_info_test.py").write_text(test)
    chart = tmp_path / "charts_py" / "charts" / "region.py"
    text = chart.read_text().replace("    namespaces,\n", "    namespaces,\n    region_info,\n")
    last = '        Component(self, "backup", region=region, resources=backup.manifests)\n'
    assert last in text
    chart.write_text(text.replace(last, last + line))

    def python(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    assert python("-m", "pytest", "-q", "charts_py/resources/region_info_test.py").returncode == 0
    synth = python("-m", "charts_py.cli", "synth", "--json")
    assert synth.returncode == 0, synth.stdout + synth.stderr

    before = {path.relative_to(ROOT) for path in (ROOT / "generated").rglob("*.yaml")}
    after = {path.relative_to(tmp_path) for path in (tmp_path / "generated").rglob("*.yaml")}
    new = "core/region-info/ConfigMap_novacron_novacron-region-info.yaml"
    assert {path.as_posix().split("/", 3)[3] for path in after - before} == {new}
    assert len(after - before) == len(list((ROOT / "generated").glob("*/*")))
