"""Who asks: client certificates and bearer tokens to a name and its groups, and acting as someone else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from basefly.sim.status import bad_request, unauthorized

_EXTRA = "impersonate-extra-"
ANONYMOUS = "system:anonymous"


class User(msgspec.Struct, frozen=True):
    """A name and its groups, as the API server sees them after authentication."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = {}

    def info(self) -> dict[str, Any]:
        info: dict[str, Any] = {"username": self.name, "groups": list(self.groups)}
        more = {"uid": self.uid, "extra": self.extra}
        return info | {name: held for name, held in more.items() if held}


def service_account(namespace: str, name: str, uid: str = "") -> User:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid)


def authenticate(
    headers: Mapping[str, str],
    certificate: Mapping[str, Any] | None,
    user_of: Callable[[str], User | None],
    *,
    anonymous: bool,
) -> User:
    """The user of a request, or 401. A certificate has already been verified by TLS; it wins over a token."""
    if certificate:
        return _with_group(_from_subject(certificate.get("subject", ())), "system:authenticated")
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        if user := user_of(token.strip()):
            return _with_group(user, "system:authenticated")
        raise unauthorized()
    if not anonymous:
        raise unauthorized()
    return User(ANONYMOUS, ("system:unauthenticated",))


def impersonated(headers: Any) -> User | None:
    """The user that the headers ask to act as; `headers` is a multidict, for groups may be many."""
    name = headers.get("Impersonate-User")
    groups = tuple(headers.getall("Impersonate-Group", ()))
    if not name and groups:
        asked = ", ".join(f'"{group}"' for group in groups)
        info = f'Name:"", UID:"", Groups:[]string{{{asked}}}, Extra:map[string][]string(nil)'
        raise bad_request(f"requested &user.DefaultInfo{{{info}}} without impersonating a user name")
    if not name:
        return None
    if not groups and name.startswith("system:serviceaccount:"):
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{name.split(':')[2]}")
    extra: dict[str, list[str]] = {}
    for header, value in headers.items():
        if header.lower().startswith(_EXTRA):
            key = unquote(header.lower().removeprefix(_EXTRA))  # percent-encoded, as k8s.io/apiserver reads it
            extra.setdefault(key, []).append(value)
    return _with_group(User(name, groups, headers.get("Impersonate-Uid", ""), extra), "system:authenticated")


def _with_group(user: User, group: str) -> User:
    return user if group in user.groups else msgspec.structs.replace(user, groups=(*user.groups, group))


def _from_subject(subject: Any) -> User:
    pairs = [pair for relative in subject for pair in relative]
    names = [value for key, value in pairs if key == "commonName"]
    if not names:
        raise unauthorized()
    return User(names[0], tuple(value for key, value in pairs if key == "organizationName"))
