"""HDE: hierarchical data encoding."""
