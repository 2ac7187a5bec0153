"""`novacron schemas`: JSON Schemas of third-party kinds from their projects' releases."""

from __future__ import annotations

from charts_py.tree.schemas_command import add_arguments as add_arguments
from charts_py.tree.schemas_command import run as run

HELP = "renew schemas/ from the releases named in its lock file"
EXAMPLE = "novacron schemas update --mirror ../crds"
