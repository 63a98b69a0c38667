"""What may be set: every setting, its default, its check and its cure, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

Role = Literal["web", "sync", "worker", "gateway"]
ROLES: dict[Role, str] = {
    "web": "pages, API, and the agents that dial in",
    "sync": "follows the clusters",
    "worker": "what happens in time: drains, mail, the audit's chain, retention",
    "gateway": "where kubectl speaks to clusters through the hub",
}


class SettingsError(Exception):
    """The environment asks for something impossible. The text names each variable, what is wrong, and the cure."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The hub's settings. Field NAME is read from the environment variable BASEFLY_NAME."""

    data_dir: Path
    role: tuple[Role, ...] = tuple(ROLES)  # what this process does; several processes may share the work
    region: tuple[str, ...] = ()  # whose clusters it follows, if not those of every region
    health_port: int = 0  # where a process that is not web says how it is; 0: any free one, which it tells
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""  # what people type into their browser; empty: http://host:port
    gateway_port: int = 0  # where kubectl speaks to clusters through the hub, over TLS; 0: the port after ours
    gateway_url: str = ""  # what kubeconfigs say; empty: https://, the host of url, gateway_port
    gateway_certificate: str = ""  # a file with the gateway's certificate and chain; empty: of an authority of our own
    gateway_key: str = ""  # the file with its key, where it is not in the same
    gateway_ca: str = ""  # a file with whom kubeconfigs shall trust; empty: our own authority, or with a given
    # certificate or address whom the system trusts
    peer_url: str = (
        ""  # where other processes of this hub reach this one, for clusters by agent; empty: http://host:port
    )
    database_url: str = ""  # empty: the embedded PostgreSQL
    owner_database_url: str = ""  # who migrates, when database_url's role does not own the schema
    replica_url: str = ""  # a replica that pages and lists are read from; empty: none
    replica_lag: int = 3  # seconds; a replica that is further behind is left alone
    slow_query_ms: int = 500  # a statement that takes as long is told in the log, with its plan; 0: none is
    postgres_bin: str = ""  # folder with initdb and postgres, when the embedded ones are not wanted
    encryption_key: str = ""  # 32 bytes, base64; empty: data_dir/encryption.key, created at the first start
    audit_key: str = ""  # 32 bytes, base64, that sign the audit; empty: data_dir/audit.key, created at the first start
    encryption_key_previous: str = ""  # the one before, while rotate-key replaces it
    private_clusters: bool = True  # may clusters have loopback and private addresses?
    private_issuers: bool = True  # may identity providers have loopback and private addresses?
    smtp_url: str = ""  # the relay that mail goes out through; empty: no mail
    mail_from: str = ""  # who mail is from
    private_relay: bool = True  # may the relay have a loopback or private address?
    trusted_proxies: int = 0  # how many hops of X-Forwarded-For we believe
    redis_url: str = ""  # where hubs share their rate limits; empty: each counts by itself
    rate_read: int = 1200  # requests a minute of one person, by class
    rate_write: int = 300
    rate_expensive: int = 240
    rate_gateway: int = 6000  # requests to clusters, where one kubectl command is many
    rate_sign_in: int = 120  # of one network
    metrics_token: str = ""  # what a scraper of /metrics sends; empty: nobody may
    log_level: str = "info"
    log_format: str = "auto"  # text, json, auto: text on a terminal
    terminal_idle: timedelta = timedelta(minutes=30)  # until a shell in a page ends into which nothing is typed
    session_idle: timedelta = timedelta(hours=12)
    session_absolute: timedelta = timedelta(days=7)

    @property
    def url(self) -> str:
        """Where people reach the hub."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def peer_at(self) -> str:
        """Where other processes of the hub reach this one."""
        return self.peer_url or f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def gateway(self) -> tuple[str, int]:
        """Where the gateway listens."""
        return self.host, self.gateway_port or self.port + 1

    @property
    def gateway_at(self) -> str:
        """Where kubectl reaches the gateway."""
        host = urlsplit(self.url).hostname or self.host
        return self.gateway_url or f"https://{f'[{host}]' if ':' in host else host}:{self.gateway[1]}"

    @property
    def gateway_names(self) -> list[str]:
        """The host names and addresses that the gateway's own certificate is for."""
        given = [urlsplit(self.gateway_at).hostname, urlsplit(self.url).hostname, self.host]
        return [name for name in (*given, "localhost", "127.0.0.1", "::1") if name]


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings; raises SettingsError that lists every problem at once."""
    environ = os.environ if environ is None else environ
    given = {name: environ[key] for name in Settings.__struct_fields__ if environ.get(key := f"BASEFLY_{name.upper()}")}
    problems: list[str] = []
    values: dict[str, object] = {"data_dir": default_data_dir(environ)}
    for name, text in given.items():
        try:
            values[name] = _READERS.get(name, str)(text)
        except ValueError as error:
            shown = "…" if name in _SECRET else repr(text)
            problems.append(f"BASEFLY_{name.upper()}={shown}: {error}")
    if values.get("smtp_url") and not values.get("mail_from"):
        problems.append("BASEFLY_MAIL_FROM is missing: say who mail is from, like basefly@example.com")
    if values.get("region") and "sync" not in values.get("role", ROLES):  # type: ignore[operator]  # a tuple by its reader
        problems.append("BASEFLY_REGION pins who follows clusters: add the role sync to BASEFLY_ROLE, or leave it out")
    if problems:
        raise SettingsError("\n".join(problems))
    return Settings(**values)  # type: ignore[arg-type]  # every reader returns its field's type


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """The user's data folder for Basefly (XDG Base Directory Specification 0.8)."""
    base = environ.get("XDG_DATA_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "basefly"
    return Path(environ.get("HOME") or Path.home()) / ".local/share/basefly"


def _roles(text: str) -> tuple[str, ...]:
    asked = _words(text.lower())
    if not asked or set(asked) - ROLES.keys():
        raise ValueError(f"say one or more of {', '.join(ROLES)}, separated by commas")
    return tuple(role for role in ROLES if role in asked)


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError("a port is a whole number from 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("give a whole number, 0 or more")
    return int(text)


def _lag(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 5:
        raise ValueError("give a whole number of seconds from 1 to 5: a page hears of no older changes")
    return int(text)


def _rate(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000_000:
        raise ValueError("give a whole number of requests a minute, 1 or more")
    return int(text)


def _redis_url(text: str) -> str:
    if urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("give an address like rediss://:password@host:6379/0")
    return text


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("say true or false")
    return text.lower() == "true"


def _minutes(text: str) -> timedelta:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("give a whole number of minutes, 1 or more")
    return timedelta(minutes=int(text))


def _hours(text: str) -> timedelta:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("give a whole number of hours, 1 or more")
    return timedelta(hours=int(text))


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _postgres_url(text: str) -> str:
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise ValueError("give an address like postgresql://user:password@host:5432/basefly")
    return text


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("give an address like https://basefly.example.com")
    return text.rstrip("/")


def _https_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or parts.query:
        raise ValueError("give an address like https://kube.basefly.example.com: kubectl sends no token without TLS")
    return text.rstrip("/")


def _file(text: str) -> str:
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise ValueError("there is no such file")
    return str(path)


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("smtp", "smtps", "smtp+plain") or not parts.hostname or parts.path.strip("/"):
        raise ValueError(
            "give an address like smtp://user:password@relay.example.com:587 (STARTTLS), smtps://… (TLS from the start)"
            " or smtp+plain://localhost:25 (not encrypted)"
        )
    if parts.scheme == "smtp+plain" and parts.username:
        raise ValueError("a password would go out unencrypted: use smtp:// or smtps://")
    return text


def _sender(text: str) -> str:
    address = parseaddr(text)[1]
    if "@" not in address.strip("@") or not text.isprintable():
        raise ValueError("give an address like basefly@example.com, or Basefly <basefly@example.com>")
    return text


def _token(text: str) -> str:
    if len(text) < _SHORTEST_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"give {_SHORTEST_TOKEN} or more letters and digits, as `openssl rand -hex 32` makes them")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError("say one of " + ", ".join(words))
        return text.lower()

    return read


_SHORTEST_TOKEN = 24
_SECRET = ("smtp_url", "metrics_token")  # never shown, not even when wrong

_READERS: dict[str, Callable[[str], object]] = {
    "data_dir": _absolute,
    "role": _roles,
    "region": _words,
    "health_port": _port,
    "port": _port,
    "gateway_port": _port,
    "gateway_url": _https_url,
    "gateway_certificate": _file,
    "gateway_key": _file,
    "gateway_ca": _file,
    "public_url": _http_url,
    "peer_url": _http_url,
    "database_url": _postgres_url,
    "owner_database_url": _postgres_url,
    "replica_url": _postgres_url,
    "replica_lag": _lag,
    "slow_query_ms": _count,
    "private_clusters": _flag,
    "private_issuers": _flag,
    "smtp_url": _smtp_url,
    "mail_from": _sender,
    "private_relay": _flag,
    "trusted_proxies": _count,
    "redis_url": _redis_url,
    "rate_read": _rate,
    "rate_write": _rate,
    "rate_expensive": _rate,
    "rate_gateway": _rate,
    "rate_sign_in": _rate,
    "metrics_token": _token,
    "log_level": _one_of("debug", "info", "warning", "error"),
    "log_format": _one_of("text", "json", "auto"),
    "terminal_idle": _minutes,
    "session_idle": _hours,
    "session_absolute": _hours,
}
