"""cdk8s constructs and charts: composition, scope and order over `resources`."""

from __future__ import annotations

from charts_py.charts import node

# jsii reads its environment when it is imported, and every module that imports it is in this package.
node.configure()
