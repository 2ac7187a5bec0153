"""A cdk8s app of your own that has one of NovaCron's constructs beside its own objects.

`python main.py` (or `cdk8s synth` with `app: python main.py`) writes `dist/platform.k8s.yaml`.
"""

from __future__ import annotations

import cdk8s
import constructs

from charts_py import Api, Region


class PlatformChart(cdk8s.Chart):
    """NovaCron's API server, and a ConfigMap by which our dashboard finds it."""

    def __init__(self, scope: constructs.Construct, id: str) -> None:
        super().__init__(scope, id)
        region = Region(environment="lab", name="lab-1", cluster="lab-1", version="1.4.0")
        api = Api(self, "api", region=region)
        dashboard = cdk8s.ApiObject(
            self,
            "dashboard",
            api_version="v1",
            kind="ConfigMap",
            metadata=cdk8s.ApiObjectMetadata(name="dashboard", namespace="novacron"),
        )
        dashboard.add_json_patch(cdk8s.JsonPatch.add("/data", {"api": api.url}))


app = cdk8s.App()
PlatformChart(app, "platform")
app.synth()
