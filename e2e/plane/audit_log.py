"""The API server's audit log: who asked what, and whether it was a list."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec


class User(msgspec.Struct):
    username: str = ""


class Target(msgspec.Struct, rename="camel"):
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    api_group: str = ""
    api_version: str = ""


class Response(msgspec.Struct):
    code: int = 0


class Entry(msgspec.Struct, rename="camel"):
    """One request at one stage (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1)."""

    verb: str
    stage: str
    request_uri: str = msgspec.field(name="requestURI")
    audit_id: str = msgspec.field(name="auditID", default="")
    user: User = msgspec.field(default_factory=User)
    user_agent: str = ""
    object_ref: Target = msgspec.field(default_factory=Target)
    response_status: Response = msgspec.field(default_factory=Response)

    @property
    def by_basefly(self) -> bool:
        return self.user_agent.lower().startswith("basefly")

    @property
    def lists(self) -> bool:
        """Whether it asked for every object of a kind: by list, or by a watch that begins with a list."""
        return self.verb == "list" or (self.watches and "true" in self.query.get("sendInitialEvents", []))

    @property
    def watches(self) -> bool:
        """Whether a watch begins here; its end is in the log too."""
        return self.verb == "watch" and self.stage == "ResponseStarted"

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.request_uri).query)


def read(path: Path) -> list[Entry]:
    """Every complete line of the log, oldest first."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [msgspec.json.decode(line, type=Entry) for line in lines]
