"""Loads cdk8s, and then our own assembly, into the jsii kernel: one class over cdk8s, see README.md."""

from __future__ import annotations

import cdk8s
import jsii

ASSEMBLY = jsii.JSIIAssembly.load("novacron-manifests", "1.0.0", "charts_py.charts", "novacron-manifests.tgz")

__all__ = ["ASSEMBLY", "cdk8s"]
