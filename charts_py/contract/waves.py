"""The order in which Argo CD applies a region: each object carries its wave as an annotation."""

from __future__ import annotations

from enum import IntEnum


class Wave(IntEnum):
    """Lower first. Gaps leave room for a component between two others."""

    NAMESPACES = -50
    DEFINITIONS = -40
    CLASSES = -40
    POLICIES = -30
    IDENTITIES = -20
    CERTIFICATES = -10
    CONFIGURATION = -10
    OPERATOR = 0
    CONSENSUS = 10
    NETWORK = 10
    API = 20
    TRAFFIC = 30
    SCALING = 30
    OPERATIONS = 40
    CLUSTERS = 50
