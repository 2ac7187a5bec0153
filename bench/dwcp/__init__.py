"""Measures `dwcp send` and `dwcp receive` beside what a user would take instead."""
