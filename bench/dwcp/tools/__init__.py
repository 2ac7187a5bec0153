"""One file for each tool: how its two ends are called for one file."""
