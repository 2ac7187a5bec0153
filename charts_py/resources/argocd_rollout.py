"""Regions one after the other: one Application that holds a region's Application in each of its sync waves.

All regions are given one commit, and Argo CD begins a wave when everything in the one before is Healthy.
An ApplicationSet's RollingSync would do neither: it learns of a commit from each Application by itself, so
that a region that was compared earlier starts before the regions ahead of it, and it switches off automated
sync, and with it self-heal, in the Applications that it makes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from charts_py.contract import names
from charts_py.contract.delivery import ArgoCd
from charts_py.contract.manifest import Manifest

FOLDER: Final = "rollout"
"""Below `argocd/`. Argo CD reads every Jsonnet file of the folder, so it holds one."""

FILE: Final = f"{FOLDER}/applications.jsonnet"
REGIONS: Final = "regions"
APPLICATION: Final = "application"
WAVE: Final = "wave"

PROGRAM: Final = f"""\
// Makes {APPLICATION} once for each of the {REGIONS}, each in a sync wave of its own, in their order.
function({REGIONS}, {APPLICATION})
  std.mapWithIndex(
    function(position, region) std.parseJson({APPLICATION} % (region {{ {WAVE}: position }})),
    std.parseJson({REGIONS}),
  )
"""
"""Jsonnet, because it is what Argo CD evaluates by itself and hands the commit to ($ARGOCD_APP_REVISION)."""

_COMMIT: Final = "ARGOCD_APP_REVISION"
_VARIABLE: Final = re.compile(r"\$(\$|\w*)")
"""Argo CD replaces one that it doesn't know by nothing."""

COMMIT_LENGTH: Final = 40
"""Of a full SHA-1, which is what Argo CD substitutes."""

HEALTH_KEY: Final = "resource.customizations.health.argoproj.io_Application"
HEALTH: Final = f"""\
-- An Application that is pinned to a commit is Healthy when that commit runs, whatever ran before.
local hs = {{status = "Progressing", message = "Waiting for the comparison with Git"}}
local status = obj.status or {{}}
if status.health == nil or status.health.status == nil then
  return hs
end
local source = obj.spec.source or {{}}
if #(source.targetRevision or "") == {COMMIT_LENGTH} then
  local sync = status.sync or {{}}
  local phase = (status.operationState or {{}}).phase
  if sync.revision ~= source.targetRevision or phase == "Running" then
    return hs
  end
  if sync.status ~= "Synced" then
    if phase == "Failed" or phase == "Error" then
      hs.status = "Degraded"
    end
    hs.message = (status.operationState or {{}}).message or "OutOfSync"
    return hs
  end
end
hs.status = status.health.status
hs.message = status.health.message or ""
return hs
"""
"""Argo CD has no opinion on an Application's health, and then no wave would wait for the one before."""


def placeholder(field: str) -> str:
    """Where the program writes a field of a region; `wave` is the region's place in the order, from 0."""
    return f"%({field})s"


def pinned(argocd: ArgoCd) -> ArgoCd:
    """The same repository at the commit that is being rolled out, as the text of a parameter spells it."""
    repo = argocd.repo_url and argocd.repo_url.replace("%", "%%").replace("$", "$$")
    return replace(argocd, repo_url=repo, revision=f"${_COMMIT}")


def source(argocd: ArgoCd, application: Manifest) -> dict[str, Any]:
    """The source of a rollout, in an ApplicationSet whose generator gives `regions`.

    application: a region's, with placeholders for what differs between regions.
    """
    return {
        "repoURL": argocd.repo_url,
        "targetRevision": argocd.revision,
        "path": f"argocd/{FOLDER}",
        "directory": {
            "jsonnet": {
                "tlas": [
                    {"name": REGIONS, "value": f"{{{{toJson .{REGIONS}}}}}"},
                    {
                        "name": APPLICATION,
                        "value": json.dumps(application, indent=2, ensure_ascii=False) + "\n",
                    },
                ]
            }
        },
    }


def evaluate(parameters: Mapping[str, str], commit: str) -> list[Manifest]:
    """What Argo CD makes of the program with these parameters. ValueError if they don't fit it."""
    try:
        regions = json.loads(parameters[REGIONS])
        values = {"$": "$", _COMMIT: commit}
        application = _VARIABLE.sub(lambda found: values.get(found[1], ""), parameters[APPLICATION])
        return [
            json.loads(application % {**region, WAVE: position}) for position, region in enumerate(regions)
        ]
    except KeyError as error:
        raise ValueError(f"there is no {error.args[0]!r}") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


def health_settings() -> Manifest:
    """The one setting that Argo CD needs, for server-side apply to add to the ConfigMap that is there.

    It carries no label of ours: the object belongs to whoever installed Argo CD.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-cm",
            "namespace": names.ARGOCD_NAMESPACE,
            "labels": {"app.kubernetes.io/part-of": "argocd"},
        },
        "data": {HEALTH_KEY: HEALTH},
    }
