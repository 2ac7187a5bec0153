from pathlib import Path

import pytest

from tests.readme_example import examples, run_example


@pytest.mark.parametrize("example", examples("dwcp receive"), ids=["plain", "certificates"])
def test_the_readmes_transfers_work_as_written(tmp_path: Path, example: str):
    code, told = run_example(example, tmp_path, needs=(".venv",))
    assert code == 0, told
