"""What `cdk8s synth` runs: the same as `novacron synth`."""

from __future__ import annotations

import sys

from charts_py.cli import main

sys.exit(main(["synth"]))
