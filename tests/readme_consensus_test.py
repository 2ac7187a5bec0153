from pathlib import Path

from tests.readme_example import examples, run_example

(EXAMPLE,) = examples("dwcp-runtime consensus")


def test_the_readmes_group_works_as_written(tmp_path: Path):
    code, told = run_example(f"{EXAMPLE}\nwait", tmp_path, needs=(".venv", ".novacron", "tools"))
    assert code == 0, told
    assert "quorum held: 3 of 3 voters answer, 2 are needed" in told
