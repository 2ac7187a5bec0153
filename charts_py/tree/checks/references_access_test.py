from charts_py.tree.checks.baseline import Baseline

BINDING = "RoleBinding.rbac.authorization.k8s.io novacron/reader"


def test_a_bound_role_exists(tree: Baseline) -> None:
    tree.get("RoleBinding", "reader")["roleRef"]["name"] = "writer"
    tree.breaks("role-missing", BINDING, "roleRef")


def test_a_role_binding_may_use_a_cluster_role_of_kubernetes(tree: Baseline) -> None:
    tree.get("RoleBinding", "reader")["roleRef"] = {"kind": "ClusterRole", "name": "system:auth-delegator"}
    tree.keeps("role-missing")


def test_a_bound_service_account_exists(tree: Baseline) -> None:
    tree.get("RoleBinding", "reader")["subjects"][0]["namespace"] = "legacy"
    tree.breaks("role-subject-missing", BINDING, "subjects[0]")


def test_a_group_of_service_accounts_belongs_to_a_namespace_that_exists(tree: Baseline) -> None:
    tree.get("RoleBinding", "reader")["subjects"][1]["name"] = "system:serviceaccounts:gone"
    tree.breaks("role-subject-missing", BINDING, "subjects[1].name")
