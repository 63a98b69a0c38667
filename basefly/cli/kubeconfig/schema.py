"""The words of a kubeconfig (k8s.io/client-go/tools/clientcmd/api/v1), as far as they matter here."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

InteractiveMode = Literal["", "Never", "IfAvailable", "Always"]


class Extension(msgspec.Struct, frozen=True):
    """A piece of configuration that belongs to someone else, such as an exec plugin."""

    name: str = ""
    extension: Any = None


class Cluster(msgspec.Struct, frozen=True, rename="kebab"):
    """Where an API server is and how to know that it is the right one."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""
    disable_compression: bool = False
    extensions: list[Extension] = []


class EnvironmentVariable(msgspec.Struct, frozen=True):
    name: str = ""
    value: str = ""

    def __repr__(self) -> str:
        return f"EnvironmentVariable({self.name!r})"


class ExecPlugin(msgspec.Struct, frozen=True, rename="camel"):
    """A program that answers with credentials (client.authentication.k8s.io)."""

    command: str = ""
    api_version: str = ""
    args: list[str] = []
    env: list[EnvironmentVariable] = []
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: InteractiveMode = ""


class AuthProvider(msgspec.Struct, frozen=True):
    name: str = ""
    config: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"AuthProvider({self.name!r})"


class User(msgspec.Struct, frozen=True, rename="kebab"):
    """Who to be. Its repr says only which ways of signing in there are."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    username: str = ""
    password: str = ""
    impersonate: str = msgspec.field(name="as", default="")
    impersonate_uid: str = msgspec.field(name="as-uid", default="")
    impersonate_groups: list[str] = msgspec.field(name="as-groups", default_factory=list)
    impersonate_extra: dict[str, list[str]] = msgspec.field(name="as-user-extra", default_factory=dict)
    auth_provider: AuthProvider | None = None
    exec: ExecPlugin | None = None

    def __repr__(self) -> str:
        given = [name for name in self.__struct_fields__ if getattr(self, name)]
        return f"User({', '.join(given)})"


class Context(msgspec.Struct, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class NamedCluster(msgspec.Struct, frozen=True):
    name: str = ""
    cluster: Cluster = Cluster()


class NamedUser(msgspec.Struct, frozen=True):
    name: str = ""
    user: User = User()


class NamedContext(msgspec.Struct, frozen=True):
    name: str = ""
    context: Context = Context()


class Config(msgspec.Struct, frozen=True, rename="kebab"):
    """One kubeconfig file."""

    kind: str = "Config"
    api_version: str = msgspec.field(name="apiVersion", default="v1")
    current_context: str = ""
    clusters: list[NamedCluster] = []
    users: list[NamedUser] = []
    contexts: list[NamedContext] = []
