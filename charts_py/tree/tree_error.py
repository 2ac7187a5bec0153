"""What every refusal of this package has in common, so that a caller catches one type."""

from __future__ import annotations


class TreeError(Exception):
    """The tree cannot be rendered, read or published as asked.

    The text is meant for the user: what was wrong, where, what is allowed and what to do.
    """
