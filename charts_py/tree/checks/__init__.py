"""Checks on all objects of one cluster: references, semantics, identity, and the fleet file's waivers."""
