"""What the agent must know: its hub, its cluster, and where it keeps its keys. Checked at the start, with cures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from basefly.base.secret import Secret

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_KEY = 32  # bytes


class ConfigError(Exception):
    """The agent cannot start like this; the text says what is missing, and how to give it."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """How the agent runs. Field NAME is read from the environment variable BASEFLY_AGENT_NAME."""

    hub: str  # https://basefly.example.com
    hub_key: bytes  # who the hub is: the agent speaks to no other
    token: Secret  # lets it enrol; empty once it has
    hub_ca: str  # a file with whom to trust at the hub's address, instead of the system's authorities
    state: str  # where keys are kept: secret/NAMESPACE/NAME, or a file
    api: str  # the cluster's API server
    api_ca: Path  # whom to trust there
    api_token: Path  # the file with the agent's own token, which Kubernetes renews
    api_name: str  # the name expected in the API server's certificate, where it is not that of its address
    health: int  # the port of the probes; 0: none
    proxy: str  # http://proxy:3128, through which the hub is reached
    no_proxy: str
    dead: float = 60.0  # s without a sign of life after which the hub is dialed anew


def load(environ: Mapping[str, str]) -> Config:
    """Read and check. Raises ConfigError with all that is wrong at once."""

    def read(name: str, default: str = "") -> str:
        return environ.get(f"BASEFLY_AGENT_{name}") or default

    problems: list[str] = []
    hub, hub_key = _hub(read("HUB"), problems), _hub_key(read("HUB_KEY"), problems)
    api = read("API", _in_cluster(environ))
    if urlsplit(api).scheme != "https":
        problems.append("BASEFLY_AGENT_API is missing: outside of a cluster, say where its API server is (https://…)")
    proxy = environ.get("HTTPS_PROXY") or environ.get("https_proxy") or ""
    if proxy and urlsplit(proxy).scheme != "http":
        problems.append("HTTPS_PROXY is no address like http://proxy.example.com:3128")
    port = read("HEALTH", "8081")
    if not port.isdecimal():
        problems.append("BASEFLY_AGENT_HEALTH is no port")
    if problems:
        raise ConfigError("\n".join(problems))
    return Config(
        hub=hub,
        hub_key=hub_key,
        token=Secret(read("TOKEN")),
        hub_ca=read("HUB_CA"),
        state=read("STATE", "secret/basefly/basefly-agent"),
        api=api,
        api_ca=Path(read("API_CA", str(ACCOUNT / "ca.crt"))),
        api_token=Path(read("API_TOKEN", str(ACCOUNT / "token"))),
        api_name=read("API_NAME"),
        health=int(port),
        proxy=proxy,
        no_proxy=environ.get("NO_PROXY") or environ.get("no_proxy") or "",
    )


def _hub(text: str, problems: list[str]) -> str:
    parts = urlsplit(text)
    if not parts.hostname or parts.scheme not in ("https", "http"):
        problems.append("BASEFLY_AGENT_HUB is missing: give the hub's address, like https://basefly.example.com")
    elif parts.scheme == "http" and parts.hostname not in _LOCAL:
        problems.append("BASEFLY_AGENT_HUB must begin with https://: what goes through would be readable")
    return text.rstrip("/")


def _hub_key(text: str, problems: list[str]) -> bytes:
    kind, _, encoded = text.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if kind != "ed25519" or len(key) != _KEY:
        problems.append(
            "BASEFLY_AGENT_HUB_KEY is missing: the hub shows it with each new token (ed25519:…). The agent speaks to "
            "no hub that it does not know."
        )
    return key


def _in_cluster(environ: Mapping[str, str]) -> str:
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    return f"https://{f'[{host}]' if ':' in host else host}:{port}" if host else ""
