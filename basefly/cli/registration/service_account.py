"""An account for the hub in a cluster, made with the user's own credentials by a manifest that the hub hands out."""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Self

import yaml

from basefly.cli import terminal
from basefly.cli.client import http
from basefly.cli.exits import Failure
from basefly.cli.kubeconfig.granted import Granted, moment, token_expiry
from basefly.cli.kubeconfig.resolving import Resolved

MANAGER = "basefly"  # the field manager of what we apply
ANSWER = 20.0  # seconds
TOKEN_WAIT = 15.0  # seconds that the cluster gets to fill the token's secret
REQUESTED = timedelta(days=365)  # what we ask for where the cluster fills no secrets; it may grant less

_PATHS = {  # what a manifest may hold, and nothing else
    ("v1", "Namespace"): "/api/v1/namespaces",
    ("v1", "ServiceAccount"): "/api/v1/namespaces/{namespace}/serviceaccounts",
    ("v1", "Secret"): "/api/v1/namespaces/{namespace}/secrets",
    ("rbac.authorization.k8s.io/v1", "ClusterRole"): "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}

Object = dict[str, Any]


def make(place: Resolved, manifest: str, profile: str) -> Resolved:
    """Apply the manifest to the cluster of `place` and take the account's token. Raises Failure."""
    objects = read(manifest)
    with _Cluster(place, profile) as cluster:
        for each in objects:
            cluster.apply(each)
        granted = cluster.token(objects)
    if granted.expires_at:
        terminal.warn(
            f"{terminal.clean(place.context)}: the cluster fills no token secrets; the account's token ends at "
            f"{granted.expires_at:%Y-%m-%d %H:%M} UTC. `basefly clusters rotate` renews it."
        )
    return replace(place, granted=granted, source="token", expires_at=granted.expires_at)


def read(manifest: str) -> list[Object]:
    """The objects of a manifest; raises Failure for any that an account does not need."""
    objects = [each for each in yaml.safe_load_all(manifest) if each]
    for each in objects:
        kind = (each.get("apiVersion"), each.get("kind"))
        if kind not in _PATHS:
            raise Failure(f"The hub's manifest holds a {kind[1]}, which an account does not need; nothing was applied.")
    return objects


class _Cluster:
    """The cluster's API, as the user."""

    def __init__(self, place: Resolved, profile: str) -> None:
        self._place, self._profile = place, profile
        granted = place.granted
        headers = {"Authorization": f"Bearer {granted.token}"} if granted.token else {}
        try:
            tls = http.trust(place.ca or None, granted.certificate, granted.key)
        except (OSError, ValueError):
            raise self._failed("its certificates cannot be read", "Check the kubeconfig.") from None
        self._client = http.dial(place.server, tls=tls, headers=headers, answer=ANSWER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def apply(self, each: Object) -> None:
        """Make an object, or bring the one that is there into the manifest's form (a merge patch, RFC 7396)."""
        meta = each["metadata"]
        folder = _PATHS[each["apiVersion"], each["kind"]].format(namespace=meta.get("namespace", ""))
        what = f"make the {each['kind']} {meta['name']}"
        made = self._call("POST", folder, what=what, json=each, params={"fieldManager": MANAGER})
        if made.get("reason") == "AlreadyExists":
            body = json.dumps(each).encode()
            header = {"Content-Type": "application/merge-patch+json"}
            self._call("PATCH", f"{folder}/{meta['name']}", what=what, content=body, headers=header)

    def token(self, objects: list[Object]) -> Granted:
        """The token from the account's secret, or one asked for if the secret stays empty."""
        secret = next((each["metadata"] for each in objects if each["kind"] == "Secret"), None)
        until = time.monotonic() + TOKEN_WAIT
        while secret and time.monotonic() < until:
            path = f"/api/v1/namespaces/{secret['namespace']}/secrets/{secret['name']}"
            data = self._call("GET", path, what=f"read the Secret {secret['name']}").get("data") or {}
            if data.get("token"):
                return Granted(self._decoded(data["token"]))
            time.sleep(0.5)
        account = next(each["metadata"] for each in objects if each["kind"] == "ServiceAccount")
        path = f"/api/v1/namespaces/{account['namespace']}/serviceaccounts/{account['name']}/token"
        wish = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": int(REQUESTED.total_seconds())},
        }
        status = self._call("POST", path, what=f"ask for a token of {account['name']}", json=wish).get("status") or {}
        token = str(status.get("token", ""))
        ends = moment(status.get("expirationTimestamp")) or token_expiry(token) or datetime.now(UTC) + REQUESTED
        return Granted(token, expires_at=ends)

    def _decoded(self, data: str) -> str:
        try:
            return base64.b64decode(data).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise self._failed("the account's token cannot be read", "") from None

    def _call(self, method: str, path: str, *, what: str, **request: Any) -> Object:
        """One request; the answer, also where it is that something is there already. Raises Failure."""
        named = {"sni_hostname": self._place.tls_server_name} if self._place.tls_server_name else {}
        try:
            answer = self._client.request(method, path, extensions=named, **request)
            decoded = answer.json()
        except http.TransportError as error:
            cure = "The cluster must be reachable from this machine for --service-account."
            raise self._failed(f"{self._place.server} does not answer ({http.reason(error)})", cure) from None
        except ValueError:
            raise self._failed(
                f"{self._place.server} does not answer as Kubernetes does", "Check the address."
            ) from None
        if not isinstance(decoded, dict):
            decoded = {}
        if answer.is_success or decoded.get("reason") == "AlreadyExists":
            return decoded
        told = str(decoded.get("message", ""))
        raise self._refused(answer.status_code, what, told)

    def _refused(self, status: int, what: str, told: str) -> Failure:
        why = f"you may not {what}" if status == HTTPStatus.FORBIDDEN else f"the cluster would not {what} ({status})"
        by_hand = f"basefly clusters manifest {self._profile} | kubectl --context {self._place.context} apply -f -"
        cures = {
            401: "Your own sign-in to the cluster has ended; renew it.",
            403: f"Ask someone who may make roles to run: {by_hand}",
        }
        return self._failed(f"{why}{f': {terminal.clean(told)}' if told else ''}", cures.get(status, ""))

    def _failed(self, why: str, cure: str) -> Failure:
        return Failure(f"Context {self._place.context!r}: {why}.", cure=cure)
