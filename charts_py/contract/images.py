"""Container images: pinned by tag and, where given, by digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from charts_py.contract import names
from charts_py.contract.patterns import IMAGE_DIGEST, IMAGE_REGISTRY, IMAGE_TAG
from charts_py.contract.setting import Rule, setting


@dataclass(frozen=True, kw_only=True)
class ImagePin:
    """Which build of one image runs."""

    RULES: ClassVar[tuple[Rule[ImagePin], ...]] = (
        Rule(
            path=("tag",),
            message="`latest` names a different image tomorrow; give the version that was tested",
            cel="!has(self.tag) || self.tag != 'latest'",
            holds=lambda pin: pin.tag != "latest",
        ),
    )

    tag: str | None = setting("Tag.", default=None, pattern=IMAGE_TAG, default_words="the platform version")
    digest: str | None = setting("Digest, which wins over the tag.", default=None, pattern=IMAGE_DIGEST)


@dataclass(frozen=True, kw_only=True)
class Images:
    """Where the platform's images come from and which builds run."""

    registry: str | None = setting(
        "Registry and path in front of `novacron/api` and the others.", default=None, pattern=IMAGE_REGISTRY
    )
    api: ImagePin = setting("The API server.", default_factory=ImagePin)
    consensus: ImagePin = setting("The consensus member.", default_factory=ImagePin)
    dwcp_network: ImagePin = setting("The DWCP node agent.", default_factory=ImagePin)
    operator: ImagePin = setting("The operator.", default_factory=ImagePin)

    def reference(self, image: str, version: str) -> str:
        """The full reference of `image` (`api`, `consensus`, `dwcp-network` or `operator`)."""
        pin: ImagePin = getattr(self, image.replace("-", "_"))
        name = f"{names.PRODUCT}/{image}:{pin.tag or version}"
        path = f"{self.registry}/{name}" if self.registry else name
        return f"{path}@{pin.digest}" if pin.digest else path
