"""RBAC: who is bound to which role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charts_py.tree.checks.rule import Problem, Rule, rule
from charts_py.tree.checks.shape import mapping, mappings, text
from charts_py.tree.checks.view import ClusterView, each

RBAC: Final = "rbac.authorization.k8s.io"
BINDINGS: Final = ((RBAC, "RoleBinding"), (RBAC, "ClusterRoleBinding"))
ACCOUNTS_OF: Final = "system:serviceaccounts:"


@rule("role-missing")
def role_missing(view: ClusterView) -> Iterator[Problem]:
    """Every binding's role exists; Kubernetes brings the `system:` roles."""
    for identity, manifest in each(view, *BINDINGS):
        role = mapping(manifest, "roleRef")
        kind, name = text(role, "kind"), text(role, "name")
        namespace = identity.namespace if kind == "Role" else ""
        if not name.startswith("system:") and not view.exists(RBAC, kind, namespace, name):
            message = view.missing(RBAC, kind, namespace, name)
            yield Problem(object=identity, field="roleRef", message=message)


@rule("role-subject-missing")
def role_subject_missing(view: ClusterView) -> Iterator[Problem]:
    """Every ServiceAccount to which a role is bound exists."""
    for identity, manifest in each(view, *BINDINGS):
        for index, subject in mappings(manifest, "subjects"):
            name = text(subject, "name")
            field = f"subjects[{index}]"
            if subject.get("kind") == "ServiceAccount":
                namespace = text(subject, "namespace") or identity.namespace
                if name != "default" and not view.exists("", "ServiceAccount", namespace, name):
                    message = view.missing("", "ServiceAccount", namespace, name)
                    yield Problem(object=identity, field=field, message=message)
            elif name.startswith(ACCOUNTS_OF):
                namespace = name.removeprefix(ACCOUNTS_OF)
                if not view.exists("", "Namespace", "", namespace):
                    message = view.missing("", "Namespace", "", namespace)
                    yield Problem(object=identity, field=f"{field}.name", message=message)


RULES: Final[tuple[Rule[ClusterView], ...]] = (role_missing, role_subject_missing)
