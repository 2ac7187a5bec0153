"""What `cdk8s synth` runs: `novacron synth`, and a copy of the tree where the CLI looks for it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from charts_py.cli import main
from charts_py.synth.unit import GENERATED

_OUTPUT_VARIABLE = "CDK8S_OUTDIR"
"""Set by the CLI. It deletes that folder before each run, which is why nothing is published there."""


def _copy_for_the_cli(output: Path) -> None:
    shutil.copytree(GENERATED, output / GENERATED, dirs_exist_ok=True)


code = main(["synth"])
if code == 0 and os.environ.get(_OUTPUT_VARIABLE):
    _copy_for_the_cli(Path(os.environ[_OUTPUT_VARIABLE]))
sys.exit(code)
