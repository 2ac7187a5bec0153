"""An option that says how many."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """The number, 1 or more; `argparse.ArgumentTypeError` says what is allowed."""
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}: at least 1")
    return int(text)
