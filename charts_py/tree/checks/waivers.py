"""Waivers: findings that the fleet file accepts, with a reason, until a day."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Final

from charts_py.contract.environment import Waiver
from charts_py.contract.manifest import ObjectId
from charts_py.tree.checks.view import nearest
from charts_py.tree.finding import Finding

EXPIRED: Final = "waiver-expired"
UNUSED: Final = "waiver-unused"
DOCS: Final = {
    EXPIRED: "Every waiver's last day is today or later; an expired one waives nothing.",
    UNUSED: "Every waiver matches a finding.",
}
UNWAIVABLE: Final = frozenset(
    ["duplicate-object", "object-unidentified", "object-count-mismatch", EXPIRED, UNUSED]
)
"""Findings without which the tree can't be written or believed."""

SPELLING: Final = re.compile(r"([^\s./]+)(?:\.(\S+))? (?:([^\s/]+)/)?(\S+)")


def apply(
    findings: Sequence[Finding], waivers: Sequence[Waiver], *, today: datetime.date, cluster: str
) -> list[Finding]:
    """What remains of `findings` after `waivers`, with a finding for each waiver that is expired or unused.

    `cluster` names where the waivers stand: the environment. A waiver matches by rule and by the object's
    spelling (`str(ObjectId)`), in every cluster of `findings`. One holds through its last day.
    """
    remaining = list(findings)
    reported: list[Finding] = []
    for waiver in waivers:
        matching = [
            item for item in findings if (item.rule, str(item.object)) == (waiver.rule, waiver.object)
        ]
        if _last_day(waiver) < today:
            reported.append(_finding(cluster, EXPIRED, waiver, _expired(waiver, len(matching))))
        elif waiver.rule in UNWAIVABLE:
            message = f"findings of {waiver.rule} can't be waived. Correct the tree and remove the waiver."
            reported.append(_finding(cluster, UNUSED, waiver, message))
        elif not matching:
            reported.append(_finding(cluster, UNUSED, waiver, _unused(waiver, findings)))
        else:
            remaining = [item for item in remaining if item not in matching]
    return sorted([*remaining, *reported])


def _last_day(waiver: Waiver) -> datetime.date:
    try:
        return datetime.date.fromisoformat(waiver.expires)
    except ValueError:
        return datetime.date.min


def _expired(waiver: Waiver, matching: int) -> str:
    still = f"{matching} findings are back" if matching else "and it matches nothing any more"
    return f"the waiver of {waiver.rule} ended on {waiver.expires}; {still}. Correct the tree or decide anew."


def _unused(waiver: Waiver, findings: Sequence[Finding]) -> str:
    objects = sorted({str(item.object) for item in findings if item.rule == waiver.rule})
    rules = sorted({item.rule for item in findings if str(item.object) == waiver.object})
    if objects:
        hint = nearest(waiver.object, objects)
    elif rules:
        hint = nearest(waiver.rule, rules)
    else:
        hint = ""
    return (
        f"no finding of {waiver.rule} is about {waiver.object}{hint}. Remove the waiver or correct "
        "its spelling."
    )


def _finding(cluster: str, rule: str, waiver: Waiver, message: str) -> Finding:
    return Finding(rule=rule, cluster=cluster, object=parse(waiver.object), field="waivers", message=message)


def parse(spelling: str) -> ObjectId:
    """The ObjectId that `spelling` stands for; what is no spelling becomes the name of an unknown kind."""
    found = SPELLING.fullmatch(spelling)
    if found is None:
        return ObjectId(group="", kind="?", namespace="", name=spelling)
    kind, group, namespace, name = found.groups()
    return ObjectId(group=group or "", kind=kind, namespace=namespace or "", name=name)
