"""Access: service accounts, roles and their bindings."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Kind, Meta, Projection


class ServiceAccount(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    secrets: list[msgspec.Raw] | None = None


def project_service_account(account: ServiceAccount) -> Projection:
    return Projection("Active", "ok", {"secrets": len(account.secrets or ())})


SERVICE_ACCOUNTS = Kind(
    resource="serviceaccounts",
    kind="ServiceAccount",
    short=("sa",),
    group="access",
    columns=(Column("secrets", "Secrets", "number"),),
    shape=ServiceAccount,
    project=project_service_account,
)


class Rule(msgspec.Struct, rename="camel", frozen=True, gc=False, omit_defaults=True):
    verbs: list[str] = []
    api_groups: list[str] = []
    resources: list[str] = []
    resource_names: list[str] = []
    non_resource_urls: list[str] = msgspec.field(name="nonResourceURLs", default_factory=list)


class Role(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    rules: list[Rule] | None = None


def project_role(role: Role) -> Projection:
    rules = role.rules or []
    return Projection("Active", "ok", {"count": len(rules), "rules": rules})


ROLES = Kind(
    resource="roles.rbac.authorization.k8s.io",
    kind="Role",
    group="access",
    columns=(Column("count", "Rules", "number"),),
    shape=Role,
    project=project_role,
)
CLUSTER_ROLES = Kind(
    resource="clusterroles.rbac.authorization.k8s.io",
    kind="ClusterRole",
    group="access",
    columns=(Column("count", "Rules", "number"),),
    shape=Role,
    project=project_role,
)


class Reference(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class Binding(msgspec.Struct, rename="camel", frozen=True, gc=False):
    metadata: Meta
    role_ref: Reference = Reference()
    subjects: list[Reference] | None = None


def _subject(subject: Reference) -> str:
    """Users and groups belong to no namespace, whatever the binding says."""
    place = f"{subject.namespace}/" if subject.kind == "ServiceAccount" and subject.namespace else ""
    return f"{subject.kind}/{place}{subject.name}"


def project_binding(binding: Binding) -> Projection:
    subjects = [_subject(each) for each in binding.subjects or ()]
    role = f"{binding.role_ref.kind}/{binding.role_ref.name}"
    return Projection("Active", "ok", {"role": role, "subjects": subjects})


BINDING_COLUMNS = (Column("role", "Role"), Column("subjects", "Subjects", "list"))
ROLE_BINDINGS = Kind(
    resource="rolebindings.rbac.authorization.k8s.io",
    kind="RoleBinding",
    group="access",
    columns=BINDING_COLUMNS,
    shape=Binding,
    project=project_binding,
)
CLUSTER_ROLE_BINDINGS = Kind(
    resource="clusterrolebindings.rbac.authorization.k8s.io",
    kind="ClusterRoleBinding",
    group="access",
    columns=BINDING_COLUMNS,
    shape=Binding,
    project=project_binding,
)
