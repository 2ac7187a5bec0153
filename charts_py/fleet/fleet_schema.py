"""The JSON Schema that editors complete and check fleet files with."""

from __future__ import annotations

import json
import sys

from charts_py.fleet.shape import DIALECT, written_shape

FILE = "schemas/fleet.schema.json"
"""Where it lies in the repository; the first line of a fleet file points at it."""


def fleet_schema_text() -> str:
    """The text of `schemas/fleet.schema.json`: what the reader validates against, nothing else."""
    schema = {"$schema": DIALECT, "title": "NovaCron fleet file", **written_shape()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(fleet_schema_text())
