"""One context of the user's kubeconfig → a kubeconfig that stands alone: no files, no plugins, nothing to run.

What kubectl would refuse is refused here too, and so is what the hub must not be asked for.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import execplugin, oidc
from basefly.cli.kubeconfig.granted import Granted, token_expiry
from basefly.cli.kubeconfig.loading import Kubeconfig, PlacedCluster, PlacedUser
from basefly.cli.kubeconfig.schema import Cluster, ExecPlugin, User

Source = Literal["token", "certificate", "exec", "oidc"]
_LEGACY = {
    "gcp": "Install gke-gcloud-auth-plugin and run `gcloud container clusters get-credentials` again.",
    "azure": "Install kubelogin and run `kubelogin convert-kubeconfig`.",
}


@dataclass(frozen=True)
class Resolved:
    """A context ready to travel. `source` says where its credentials came from; secrets stay out of the repr."""

    context: str
    cluster: str
    namespace: str
    server: str
    tls_server_name: str
    source: Source
    expires_at: datetime | None
    ca: str = field(repr=False)  # PEM; empty: the system's authorities
    granted: Granted = field(repr=False)

    @property
    def short_lived(self) -> bool:
        """Whether the credentials were made for a moment only, by a plugin or a sign-in."""
        return self.source in ("exec", "oidc")

    def kubeconfig(self) -> str:
        """The text to send: JSON, which is YAML too, with this one context."""
        return standalone(self, self.granted)


def standalone(place: Resolved, granted: Granted) -> str:
    """A kubeconfig for the cluster of `place`, as whoever `granted` proves."""
    cluster = {
        "server": place.server,
        "tls-server-name": place.tls_server_name,
        "certificate-authority-data": _encoded(place.ca),
    }
    user = {
        "token": granted.token,
        "client-certificate-data": _encoded(granted.certificate),
        "client-key-data": _encoded(granted.key),
    }
    name = place.context
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {key: value for key, value in cluster.items() if value}}],
        "users": [{"name": name, "user": {key: value for key, value in user.items() if value}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    return msgspec.json.encode(document).decode()


def resolve(
    config: Kubeconfig,
    name: str,
    *,
    patience: float | None = None,
    on_plugin: Callable[[ExecPlugin], None] = lambda _plugin: None,
) -> Resolved:
    """Make one context self-contained. Runs its exec plugin or renews its OIDC token, if that is how it signs in.

    `patience` limits an exec plugin, in seconds; `on_plugin` is told before one runs. Raises Failure.
    """
    context = config.contexts[name]
    placed_cluster, placed_user = config.clusters.get(context.cluster), config.users.get(context.user)
    if placed_cluster is None:
        raise _wrong(name, f"its cluster {context.cluster!r} is not there", "Add it under clusters.")
    if placed_user is None:
        raise _wrong(name, f"its user {context.user!r} is not there", "Add it under users.")
    cluster = placed_cluster.cluster
    _refuse_unsafe(name, cluster, placed_user.user)
    ca = _certificate_authority(name, placed_cluster)
    source, granted = _sign_in(name, placed_user, cluster, ca, patience=patience, on_plugin=on_plugin)
    return Resolved(
        context=name,
        cluster=context.cluster,
        namespace=context.namespace,
        server=cluster.server,
        tls_server_name=cluster.tls_server_name,
        source=source,
        expires_at=granted.expires_at,
        ca=ca,
        granted=granted,
    )


def _refuse_unsafe(name: str, cluster: Cluster, user: User) -> None:
    """What would make the hub trust the wrong server, go through a stranger, or be somebody else."""
    if not cluster.server:
        raise _wrong(name, "its cluster has no server", "Set clusters[].cluster.server to https://HOST:PORT.")
    if cluster.insecure_skip_tls_verify:
        raise _wrong(
            name,
            "insecure-skip-tls-verify is set, and the hub never speaks to a server that it cannot recognise",
            "Set certificate-authority-data instead (and tls-server-name, if the certificate has another name).",
        )
    if cluster.proxy_url:
        raise _wrong(name, "proxy-url is set, and the hub connects directly", "Give an address the hub can reach.")
    if user.impersonate or user.impersonate_uid or user.impersonate_groups or user.impersonate_extra:
        raise _wrong(name, "it impersonates someone (as, as-groups, …)", "Register with the user's own credentials.")
    if user.username or user.password:
        raise _wrong(
            name, "it signs in with username and password, which Kubernetes no longer takes", "Use --service-account."
        )


def _certificate_authority(name: str, placed: PlacedCluster) -> str:
    cluster = placed.cluster
    return _content(
        name,
        "certificate-authority",
        placed.file,
        path=cluster.certificate_authority,
        data=cluster.certificate_authority_data,
    )


def _sign_in(
    name: str,
    placed: PlacedUser,
    cluster: Cluster,
    ca: str,
    *,
    patience: float | None,
    on_plugin: Callable[[ExecPlugin], None],
) -> tuple[Source, Granted]:
    user = placed.user
    if user.exec and user.auth_provider:
        raise _wrong(name, "its user has both exec and auth-provider", "Keep one of them.")
    fixed = _fixed(name, placed)
    if fixed.token or (fixed.certificate and not user.exec and not user.auth_provider):
        return ("token" if fixed.token else "certificate"), fixed
    try:
        if user.exec:
            plugin = _located(user.exec, placed.file)
            on_plugin(plugin)
            return "exec", execplugin.run(plugin, cluster, _encoded(ca), patience=patience)
        if user.auth_provider:
            return "oidc", _provided(placed)
    except Failure as failure:
        raise _wrong(name, failure.what.rstrip("."), failure.cure) from None
    raise _wrong(name, "its user has no credentials", "Add a token, a client certificate or an exec plugin.")


def _fixed(name: str, placed: PlacedUser) -> Granted:
    """Credentials that stand in the kubeconfig or in a file beside it."""
    user, file = placed.user, placed.file
    certificate = _content(
        name, "client-certificate", file, path=user.client_certificate, data=user.client_certificate_data
    )
    key = _content(name, "client-key", file, path=user.client_key, data=user.client_key_data)
    if certificate and not key:
        raise _wrong(name, "it has a client certificate without its key", "Add client-key or client-key-data.")
    token = _token(name, placed)
    return Granted(token, certificate, key if certificate else "", token_expiry(token))


def _token(name: str, placed: PlacedUser) -> str:
    """The file comes first while it can be read, as in client-go, because it is renewed and the token is not."""
    user = placed.user
    if not user.token_file:
        return user.token.strip()
    try:
        return _read(placed.file, user.token_file).strip() or user.token.strip()
    except (OSError, ValueError) as error:
        if user.token:
            return user.token.strip()
        raise _wrong(name, f"tokenFile {user.token_file} cannot be read ({_why(error)})", "Check the path.") from None


def _content(name: str, what: str, file: Path, *, path: str, data: str) -> str:
    """PEM from the kubeconfig itself or from the file it points to; relative paths start beside the kubeconfig."""
    if path and data:
        raise _wrong(name, f"{what} and {what}-data are both set", "Keep one of them; kubectl refuses both, too.")
    try:
        if data:
            return base64.b64decode("".join(data.split()), validate=True).decode()
        return _read(file, path) if path else ""
    except (binascii.Error, UnicodeDecodeError):
        raise _wrong(name, f"{what} is not base64 of PEM text", "Copy it again from its source.") from None
    except OSError as error:
        raise _wrong(name, f"{what} {path} cannot be read ({_why(error)})", "Check the path.") from None


def _read(kubeconfig: Path, path: str) -> str:
    return (kubeconfig.absolute().parent / path).read_text()


def _why(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or "not text"


def _located(plugin: ExecPlugin, file: Path) -> ExecPlugin:
    """A command with a slash starts from the kubeconfig's folder; any other is looked up in PATH."""
    if "/" not in plugin.command:
        return plugin
    return msgspec.structs.replace(plugin, command=str(file.absolute().parent / plugin.command))


def _provided(placed: PlacedUser) -> Granted:
    provider = placed.user.auth_provider
    if provider is None or provider.name != "oidc":
        kind = provider.name if provider else ""
        cure = _LEGACY.get(kind, "Use an exec plugin, or register with --service-account.")
        raise Failure(f"the auth-provider {kind!r} no longer exists in Kubernetes", cure=cure)
    return oidc.id_token(provider.config, placed.file)


def _encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def _wrong(name: str, why: str, cure: str) -> Failure:
    return Failure(f"Context {name!r}: {why}.", cure=cure)
