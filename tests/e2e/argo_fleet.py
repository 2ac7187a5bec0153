"""What Argo CD follows in a run: this fleet, at the address of a repository on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charts_py.contract import names
from charts_py.contract.environment import Environment
from charts_py.fleet.read import read_fleet
from charts_py.resources.argocd_applications import rolls_out
from tests.e2e.git_repository import GitRepository
from tests.repository import Repository, differing

PUBLISHED = ("generated", "argocd")


@dataclass(frozen=True, kw_only=True)
class ArgoFleet:
    """A copy of the fleet and the Git repository that its synth is pushed to."""

    copy: Repository
    git: GitRepository

    @classmethod
    def make(cls, folder: Path) -> ArgoFleet:
        """Copy the fleet into `folder`, let it name a new repository in there, and synthesise."""
        folder.mkdir()
        copy = Repository.copy(folder / "copy")
        git = GitRepository(folder)
        for environment in _hub(read_fleet(copy.root / "fleet")):
            assert environment.argocd.repo_url
            copy.change(f"fleet/{environment.name}.yaml", environment.argocd.repo_url, git.url)
        fleet = cls(copy=copy, git=git)
        fleet.synth()
        return fleet

    @property
    def environments(self) -> list[Environment]:
        """The environments that a hub delivers to."""
        return _hub(read_fleet(self.copy.root / "fleet"))

    def synth(self) -> set[str]:
        """`novacron synth`; returns the paths that came, went or changed."""
        before = self.copy.published()
        done = self.copy.novacron("synth")
        if done.returncode:
            raise RuntimeError(f"novacron synth exited with {done.returncode}\n{done.stdout}{done.stderr}")
        return differing(before, self.copy.published())

    def push(self, message: str) -> str:
        """Commit and push what is published; returns the commit."""
        self.git.replace(self.copy.root, PUBLISHED)
        return self.git.push(message)


def region_applications(environment: Environment, part: str) -> list[str]:
    """The Applications of a part's regions, in the order of the fleet file."""
    return [names.region_application(environment.name, region.name, part) for region in environment.regions]


def all_applications(environments: Sequence[Environment]) -> list[str]:
    """Everything that the hub should hold."""
    found = [names.argocd_application(part) for part in names.PARTS]
    for environment in environments:
        for part in names.PARTS:
            found += region_applications(environment, part)
            if rolls_out(environment.argocd, environment.regions):
                found.append(names.rollout_application(environment.name, part))
    return found


def _hub(environments: Sequence[Environment]) -> list[Environment]:
    return [environment for environment in environments if environment.argocd.mode == "hub"]
