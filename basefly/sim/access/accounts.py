"""Tokens of service accounts: signed by the cluster, nothing stored, valid while what they name exists."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from basefly.sim.access.users import User, service_account
from basefly.sim.store.record import Record
from basefly.sim.store.store import Store

AUDIENCE = "https://kubernetes.default.svc.cluster.local"
TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105  # a type, no secret
_HEAD = {"alg": "HS256", "kid": "sim"}


class _Named(msgspec.Struct):
    name: str
    uid: str


class _Bound(msgspec.Struct, rename={"account": "serviceaccount"}):
    """The account of a token, and what else must exist as long as the token is to be valid."""

    namespace: str
    account: _Named
    pod: _Named | None = None
    secret: _Named | None = None
    node: _Named | None = None


class _Claims(msgspec.Struct, rename={"bound": "kubernetes.io"}):
    aud: Sequence[str]
    bound: _Bound
    exp: float = 0


class Accounts:
    """The issuer of one cluster; `authority` is its certificate, PEM."""

    def __init__(self, store: Store, authority: bytes) -> None:
        self.authority = authority.decode()
        self.fills = True
        """Whether secrets made for an account get its token; some clusters run without this controller."""
        self._store, self._key = store, secrets.token_bytes(32)

    def issue(
        self,
        account: Record,
        *,
        audiences: Sequence[str] = (AUDIENCE,),
        seconds: float = 0,
        bound: Mapping[str, Record] | None = None,
    ) -> str:
        """A JWT for an account: for ever, or for some seconds; `bound` is a pod, secret or node that it dies with."""
        at = int(time.time())
        names = {"serviceaccount": account, **(bound or {})}
        held = {kind: {"name": record.name, "uid": record.uid} for kind, record in names.items()}
        claims: dict[str, Any] = {"aud": audiences, "iss": AUDIENCE, "jti": str(uuid.uuid4()), "iat": at, "nbf": at}
        claims |= {"sub": service_account(account.namespace, account.name).name}
        claims |= {"kubernetes.io": {"namespace": account.namespace} | held}
        claims |= {"exp": at + seconds} if seconds else {}
        text = f"{_encoded(msgspec.json.encode(_HEAD))}.{_encoded(msgspec.json.encode(claims))}"
        return f"{text}.{self._signature(text)}"

    def user_of(self, token: str, audiences: Sequence[str]) -> User | None:
        """The account's user, if the token is whole, in time, and meant for one of the audiences."""
        text, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(text).encode()):
            return None
        claims = msgspec.json.decode(base64.urlsafe_b64decode(text.partition(".")[2] + "=="), type=_Claims)
        if (claims.exp and claims.exp <= time.time()) or not set(claims.aud) & set(audiences):
            return None
        if not self._exist(claims.bound):
            return None
        account = claims.bound.account
        return service_account(claims.bound.namespace, account.name, account.uid)

    def credentials(self, secret: dict[str, Any]) -> dict[str, str]:
        """What the token controller puts into a secret made for an account's token, nothing into others."""
        meta = secret["metadata"]
        name = meta.get("annotations", {}).get("kubernetes.io/service-account.name", "")
        account = self._store.get("serviceaccounts", meta["namespace"], name)
        if not self.fills or secret.get("type") != TOKEN_TYPE or account is None:
            return {}
        held = self._store.get("secrets", meta["namespace"], meta["name"])
        token = self.issue(account, bound={"secret": held} if held else None)
        data = {"ca.crt": self.authority, "namespace": meta["namespace"], "token": token}
        return {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}

    def _signature(self, text: str) -> str:
        return _encoded(hmac.digest(self._key, text.encode(), "sha256"))

    def _exist(self, bound: _Bound) -> bool:
        places = {"serviceaccounts": bound.account, "pods": bound.pod, "secrets": bound.secret, "nodes": bound.node}
        for resource, named in places.items():
            held = named and self._store.get(resource, "" if resource == "nodes" else bound.namespace, named.name)
            if named and (held is None or held.uid != named.uid):
                return False
        return True


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
