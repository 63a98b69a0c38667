"""Who may: decisions from the cluster's own roles and bindings, as the RBAC authoriser makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from basefly.sim.access.users import User, impersonated
from basefly.sim.requests import Target
from basefly.sim.status import Refusal
from basefly.sim.store.record import Record
from basefly.sim.store.store import Store

_GROUP = "rbac.authorization.k8s.io"
_RESOURCES = tuple(f"{plural}.{_GROUP}" for plural in ("clusterroles", "roles", "clusterrolebindings", "rolebindings"))
SUPERUSERS = "system:masters"


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """A PolicyRule; every list may hold `*`."""

    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = msgspec.field(default=(), name="nonResourceURLs")

    def allows(self, target: Target) -> bool:
        if not _in(target.verb, self.verbs):
            return False
        if not target.resource:
            return any(_path_matches(target.path, pattern) for pattern in self.non_resource_urls)
        if self.resource_names and target.name not in self.resource_names:
            return False
        wanted = f"{target.resource}/{target.subresource}" if target.subresource else target.resource
        by_part = f"*/{target.subresource}"
        named = _in(wanted, self.resources) or (bool(target.subresource) and by_part in self.resources)
        return named and _in(target.group, self.api_groups)


class _Role(msgspec.Struct):
    rules: tuple[Rule, ...] | None = None


class _Subject(msgspec.Struct):
    kind: str
    name: str
    namespace: str = ""


class _Ref(msgspec.Struct):
    kind: str
    name: str


class _Binding(msgspec.Struct, rename="camel"):
    role_ref: _Ref
    subjects: tuple[_Subject, ...] | None = None


class _Held(msgspec.Struct):
    """What is bound where, decoded: (namespace or empty, name of the binding, the binding)."""

    roles: dict[tuple[str, str], tuple[Rule, ...]]
    bindings: list[tuple[str, str, _Binding]]


class Access:
    """The authoriser of one cluster. It decodes roles again only after one of them has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held = _Held({}, [])
        self._seen: tuple[int, ...] = ()

    def require(self, user: User, target: Target) -> None:
        """Refuse with 403 what the user may not do, in the real server's words."""
        if not self.allowed(user, target)[0]:
            raise _forbidden(user, target)

    def allowed(self, user: User, target: Target) -> tuple[bool, str]:
        """The decision and its reason, as access reviews tell it."""
        if SUPERUSERS in user.groups:
            return True, ""
        for namespace, name, binding in self._bound(user, target.namespace):
            if any(rule.allows(target) for rule in self._rules(namespace, binding.role_ref)):
                return True, _reason(namespace, name, binding, user)
        return False, ""

    def rules(self, user: User, namespace: str) -> list[Rule]:
        """Everything the user may do in a namespace, for SelfSubjectRulesReview."""
        bound = self._bound(user, namespace)
        return [rule for where, _, binding in bound for rule in self._rules(where, binding.role_ref)]

    def impersonate(self, user: User, headers: Any, target: Target) -> User:
        """The user that a request acts as: the one it names, if this user may act as that one."""
        other = impersonated(headers)
        if other is None:
            return user
        wanted = [_impersonation(other)]
        wanted += [
            Target(verb="impersonate", resource="groups", name=group)
            for group in headers.getall("Impersonate-Group", ())
        ]
        if not all(self.allowed(user, one)[0] for one in wanted):
            what = "serviceaccount" if wanted[0].resource == "serviceaccounts" else "user-info"
            raise _forbidden(user, msgspec.structs.replace(target, verb=f"impersonate-on:{what}:{target.verb}"))
        return other

    def _bound(self, user: User, namespace: str) -> Iterator[tuple[str, str, _Binding]]:
        for where, name, binding in self._current().bindings:
            if where in ("", namespace) and any(_is(user, subject, where) for subject in binding.subjects or ()):
                yield where, name, binding

    def _rules(self, namespace: str, ref: _Ref) -> tuple[Rule, ...]:
        where = "" if ref.kind == "ClusterRole" else namespace
        return self._current().roles.get((where, ref.name), ())

    def _current(self) -> _Held:
        seen = tuple(self._store.of(resource).version for resource in _RESOURCES)
        if seen != self._seen:
            self._held, self._seen = self._decode(), seen
        return self._held

    def _decode(self) -> _Held:
        cluster_roles, roles, cluster_bindings, bindings = (self._store.of(name).page() for name in _RESOURCES)
        rules = {(record.namespace, record.name): _decode_role(record) for record in (*cluster_roles, *roles)}
        bound = [
            (record.namespace, record.name, msgspec.json.decode(record.body, type=_Binding))
            for record in (*cluster_bindings, *bindings)
        ]
        return _Held(rules, bound)


def _decode_role(record: Record) -> tuple[Rule, ...]:
    return msgspec.json.decode(record.body, type=_Role).rules or ()


def _in(value: str, allowed: tuple[str, ...]) -> bool:
    return "*" in allowed or value in allowed


def _path_matches(path: str, pattern: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _is(user: User, subject: _Subject, where: str) -> bool:
    if subject.kind == "User":
        return subject.name == user.name
    if subject.kind == "Group":
        return subject.name in user.groups
    return user.name == f"system:serviceaccount:{subject.namespace or where}:{subject.name}"


def _impersonation(other: User) -> Target:
    prefix = "system:serviceaccount:"
    if other.name.startswith(prefix):
        namespace, _, name = other.name.removeprefix(prefix).partition(":")
        return Target(verb="impersonate", resource="serviceaccounts", namespace=namespace, name=name)
    return Target(verb="impersonate", resource="users", name=other.name)


def _reason(namespace: str, name: str, binding: _Binding, user: User) -> str:
    kind, held = ("RoleBinding", f"{namespace}/{name}") if namespace else ("ClusterRoleBinding", name)
    if namespace:
        held = f"{name}/{namespace}"
    subject = next(subject for subject in binding.subjects or () if _is(user, subject, namespace))
    who = f"{subject.name}/{subject.namespace}" if subject.kind == "ServiceAccount" else subject.name
    ref = binding.role_ref
    return f'RBAC: allowed by {kind} "{held}" of {ref.kind} "{ref.name}" to {subject.kind} "{who}"'


def _forbidden(user: User, target: Target) -> Refusal:
    if not target.resource:
        message = f'forbidden: User "{user.name}" cannot {target.verb} path "{target.path}"'
        return Refusal(403, "Forbidden", message, name=None)
    title = f"{target.resource}.{target.group}" if target.group else target.resource
    named = f'{title} "{target.name}"' if target.name else title
    wanted = f"{target.resource}/{target.subresource}" if target.subresource else target.resource
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    message = (
        f'{named} is forbidden: User "{user.name}" cannot {target.verb} resource "{wanted}" '
        f'in API group "{target.group}" {where}'
    )
    about = {"name": target.name or None, "group": target.group or None, "kind": target.resource}
    return Refusal(403, "Forbidden", message, **about)
