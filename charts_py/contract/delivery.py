"""How the tree reaches the clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from charts_py.contract.patterns import GIT_REVISION, GIT_URL
from charts_py.contract.setting import Rule, setting


@dataclass(frozen=True, kw_only=True)
class ArgoCd:
    """Argo CD. `hub`: one Argo CD reaches every region by its cluster Secret. `per-cluster`: each region's
    own Argo CD delivers to itself. `none`: kubectl or another tool applies the tree."""

    RULES: ClassVar[tuple[Rule[ArgoCd], ...]] = (
        Rule(
            path=("repoURL",),
            message="Argo CD needs repoURL, the Git repository that holds `generated/`",
            cel="self.mode == 'none' || has(self.repoURL)",
            holds=lambda argocd: argocd.mode == "none" or argocd.repo_url is not None,
        ),
    )

    mode: Literal["hub", "per-cluster", "none"] = setting("Where Argo CD runs.", default="none")
    repo_url: str | None = setting(
        "Git repository that holds `generated/`.", default=None, pattern=GIT_URL, default_words="none"
    )
    revision: str = setting(
        "Branch, tag or commit that Argo CD follows.", default="main", pattern=GIT_REVISION
    )
    region_by_region: bool = setting(
        "Roll a change out one region after the other, in the order of the fleet file.", default=True
    )
