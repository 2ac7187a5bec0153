"""The commands people and images start."""
