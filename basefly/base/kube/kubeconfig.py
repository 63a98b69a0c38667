"""Kubeconfigs from strangers: read as data only, and refused wherever they ask the hub to run, read or trust things."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from basefly.base.errors import Malformed
from basefly.base.kube import fields
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.fields import Refused

SIZE = 1024 * 1024  # characters
DEPTH = 24
EVENTS = 50_000
CONTEXTS = 500

_FLATTEN = "Give what `kubectl config view --flatten --raw` prints."
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # in C where it is there; both make no objects
_LOCALLY = "Run `basefly clusters register` on your own machine: it resolves this there and sends only the result."
_NEVER: Mapping[str, tuple[str, str]] = {
    "certificate-authority": ("it refers to a file, which the hub does not have", _LOCALLY),
    "insecure-skip-tls-verify": (
        "the hub never connects without verifying the certificate",
        "Give the cluster's authority in certificate-authority-data instead.",
    ),
    "proxy-url": (
        "the hub does not connect through a proxy that a kubeconfig names",
        "Give an address that the hub can reach by itself.",
    ),
    "client-certificate": ("it refers to a file, which the hub does not have", _LOCALLY),
    "client-key": ("it refers to a file, which the hub does not have", _LOCALLY),
    "tokenFile": ("it refers to a file, which the hub does not have", _LOCALLY),
    "exec": (
        "it runs a program, and the hub runs no programs of a kubeconfig",
        f"Use a service account's token (the hub hands out the manifest). {_LOCALLY}",
    ),
    "auth-provider": (
        "it runs a sign-in plugin, and the hub runs none",
        f"Use a service account's token (the hub hands out the manifest). {_LOCALLY}",
    ),
    "username": ("Kubernetes has no sign-in by name and password since 1.19", "Use a token or a client certificate."),
    "password": ("Kubernetes has no sign-in by name and password since 1.19", "Use a token or a client certificate."),
} | dict.fromkeys(
    ("as", "as-uid", "as-groups", "as-user-extra"),
    ("the hub does not act as someone else on a kubeconfig's word", "Remove the field."),
)
_CLUSTER = {"server", "certificate-authority-data", "tls-server-name", "disable-compression", "extensions"}
_USER = {"token", "client-certificate-data", "client-key-data", "extensions"}


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One context: the credentials that it gives, or `field`, `why` and `cure` if it gives none that the hub takes."""

    name: str
    server: str = ""
    current: bool = False
    credentials: Credentials | None = None
    field: str = ""
    why: str = ""
    cure: str = ""


def read(text: str) -> list[Context]:
    """All contexts of a kubeconfig, in its order, usable or not.

    Raises Malformed when the text is no kubeconfig, or is made to exhaust whoever reads it.
    """
    document = _load(text)
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise _no_kubeconfig("it is not a document of the kind Config")
    clusters = _named(document, "clusters", "cluster")
    users = _named(document, "users", "user")
    contexts = _named(document, "contexts", "context")
    if not contexts:
        raise _no_kubeconfig("it has no contexts")
    if len(contexts) > CONTEXTS:
        raise _no_kubeconfig(f"it has more than {CONTEXTS} contexts")
    current = document.get("current-context")
    return [_context(name, context, clusters, users, name == current) for name, context in contexts.items()]


def _load(text: str) -> Any:
    if len(text) > SIZE:
        raise _no_kubeconfig(f"it is longer than {SIZE // 1024} KiB")
    builder = _Builder()
    try:
        for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            if count > EVENTS:
                raise _no_kubeconfig("it holds more than any kubeconfig does")
            builder.take(event)
    except UnicodeError as error:
        raise _no_kubeconfig("it holds characters that no text has") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise _no_kubeconfig(f"it is no YAML{where} ({getattr(error, 'problem', None) or 'unreadable'})") from error
    return builder.document


class _Builder:
    """Makes mappings, lists and strings of YAML's events, and nothing else: no tags, no aliases, no depths, no bomb."""

    def __init__(self) -> None:
        self.document: Any = None
        self._open: list[Any] = []
        self._keys: list[str | None] = []  # for each open collection the key whose value comes next
        self._done = False

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _no_kubeconfig("it uses YAML aliases, which kubeconfigs never need")
        if isinstance(event, yaml.DocumentStartEvent) and self._done:
            raise _no_kubeconfig("it holds more than one document; merge them with `kubectl config view --flatten`")
        if isinstance(event, yaml.ScalarEvent):
            self._put("" if event.implicit[0] and event.value in ("null", "~") else event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            made: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._put(made)
            self._open.append(made)
            self._keys.append(None)
            if len(self._open) > DEPTH:
                raise _no_kubeconfig("it is nested deeper than any kubeconfig is")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()

    def _put(self, value: Any) -> None:
        if not self._open:
            self.document, self._done = value, True
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        elif (key := self._keys[-1]) is not None:
            self._open[-1][key], self._keys[-1] = value, None
        elif not isinstance(value, str):
            raise _no_kubeconfig("a key in it is no text")
        elif value in self._open[-1]:
            raise _no_kubeconfig(f"the key {value[:60]!r} is there twice in one place")
        else:
            self._keys[-1] = value


def _named(document: Mapping[str, Any], plural: str, singular: str) -> dict[str, Mapping[str, Any]]:
    """The entries of a section by name; the first of a name counts, as in kubectl."""
    entries = document.get(plural) or []
    if not isinstance(entries, list):
        raise _no_kubeconfig(f"its {plural} are no list")
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        name = entry.get("name") if isinstance(entry, dict) else None
        inner = (entry.get(singular) or {}) if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(inner, dict):
            raise _no_kubeconfig(f"an entry of its {plural} has no name, or no {singular}")
        found.setdefault(name, inner)
    return found


def _context(
    name: str,
    context: Mapping[str, Any],
    clusters: Mapping[str, Mapping[str, Any]],
    users: Mapping[str, Mapping[str, Any]],
    current: bool,
) -> Context:
    shown = ""
    try:
        cluster, user = clusters.get(_text(context, "cluster")), users.get(_text(context, "user"))
        if cluster is None:
            raise _dangling("cluster", _text(context, "cluster"))
        if user is None:
            raise _dangling("user", _text(context, "user"))
        shown = _text(cluster, "server")[:200]
        credentials = _credentials(cluster, user)
    except Refused as refused:
        return Context(
            name=name, server=shown, current=current, field=refused.field, why=refused.detail, cure=refused.cure
        )
    return Context(name=name, server=credentials.server, current=current, credentials=credentials)


def _credentials(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> Credentials:
    _only(cluster, _CLUSTER)
    _only(user, _USER)
    ca = _text(cluster, "certificate-authority-data")
    name = _text(cluster, "tls-server-name")
    token = _text(user, "token")
    certificate, key = _text(user, "client-certificate-data"), _text(user, "client-key-data")
    if bool(certificate) != bool(key):
        missing = "client-key-data" if certificate else "client-certificate-data"
        raise Refused(missing, "it is missing beside its other half", "Give both, or a token.")
    if not token and not certificate:
        cure = "Give a token, or a client certificate with its key."
        raise Refused("user", "it has no credentials", cure)
    chain = (
        fields.pair(
            _base64(certificate, "client-certificate-data"), _base64(key, "client-key-data"), "client-certificate-data"
        )
        if key
        else (None, None)
    )
    return Credentials(
        server=fields.address(_text(cluster, "server"), "server"),
        ca=fields.authority(_base64(ca, "certificate-authority-data"), "certificate-authority-data") if ca else None,
        token=fields.bearer(token, "token") if token else None,
        certificate=chain[0],
        key=chain[1],
        tls_server_name=fields.host(name, "tls-server-name") if name else None,
    )


def _only(section: Mapping[str, Any], known: set[str]) -> None:
    """Refuse fields that are set and must not be, and fields that we do not know."""
    for field, value in section.items():
        if value in ("", "false", [], {}) or field in known:
            continue
        why, cure = _NEVER.get(field, ("the hub does not know this field", "Remove it, if the cluster works without."))
        raise Refused(field[:100], why, cure)


def _text(section: Mapping[str, Any], field: str) -> str:
    value = section.get(field, "")
    if not isinstance(value, str):
        raise Refused(field, "it is no text", "Write a single value there.")
    return value


def _base64(text: str, field: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise Refused(field, "it is no base64 of a PEM file", "Encode the PEM file with base64 -w0.") from error


def _dangling(section: str, name: str) -> Refused:
    return Refused(section, f"the context names {name[:100]!r}, which is not there", f"Add it under {section}s.")


def _no_kubeconfig(why: str) -> Malformed:
    return Malformed(f"This is no kubeconfig that the hub reads: {why}.", cure=_FLATTEN)
