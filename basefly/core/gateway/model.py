"""What is asked of a cluster, what it takes at the hub, and as whom the cluster sees who asks. Pure."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.principal import Principal
from basefly.core.access.impersonated import groups, groups_anywhere, name_of

READ = "gateway:read"
WRITE = "gateway:write"
EXEC = "gateway:exec"
SECRETS = "gateway:secrets"
ADMIN = "gateway:admin"

_READING = frozenset({"get", "list", "watch"})
_INTO = frozenset({"exec", "attach", "portforward", "proxy", "ephemeralcontainers"})  # a way into what runs
_ABOUT_ONESELF = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One request as an API server understands it (k8s.io/apiserver, RequestInfoFactory).

    `resource` is empty for what is no resource, such as /version; `namespace` is empty for what spans or has none.
    """

    verb: str
    path: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    dry: bool = False  # nothing changes: it is only asked what would
    lasting: bool = False  # a watch, a followed log, a shell: it goes on until somebody ends it

    @property
    def permission(self) -> str:
        """What it takes at the hub."""
        if not self.resource or (self.verb == "create" and self.resource in _ABOUT_ONESELF):
            return READ
        if self.subresource in _INTO:
            return EXEC
        if self._of_secrets:
            return SECRETS
        return READ if self.verb in _READING else WRITE

    @property
    def recorded(self) -> bool:
        """Whether it leaves a record: what changes something, goes into a pod, or reads secrets."""
        return self.permission != READ

    @property
    def anywhere(self) -> bool:
        """Whether holding the permission over any part of the cluster is enough: what all clients ask first."""
        return not self.resource or self.resource in _ABOUT_ONESELF

    @property
    def object(self) -> str:
        """What it is done to, as a path within the cluster."""
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        parts = (kind or self.path.strip("/"), self.namespace, self.name, self.subresource)
        return "/".join(part for part in parts if part)

    @property
    def _of_secrets(self) -> bool:
        if self.resource == "serviceaccounts" and self.subresource == "token":
            return True
        return self.resource == "secrets" and not self.group and self.verb in _READING


class Identity(msgspec.Struct, frozen=True):
    """As whom a cluster sees someone; `groups` says what they may, `extra` tells its audit log more."""

    user: str
    uid: str
    groups: tuple[str, ...]
    extra: tuple[tuple[str, str], ...] = ()


def allowed(by: Principal, cluster: UUID, act: Act) -> bool:
    """Whether a grant of theirs covers this act, there."""
    scope = by.scope(act.permission)
    return scope.sees(cluster) if act.anywhere else scope.covers(cluster, act.namespace or None)


def identity(by: Principal, cluster: UUID, act: Act, request_id: str) -> Identity:
    """As whom the cluster shall see them for this act: with the groups of what they hold over its place, no more."""
    held = groups_anywhere(by, cluster) if act.anywhere else groups(by, cluster, act.namespace or None)
    extra = (("basefly.io/request-id", request_id), ("basefly.io/email", by.email))
    return Identity(name_of(by.user_id), str(by.user_id), held, extra)
