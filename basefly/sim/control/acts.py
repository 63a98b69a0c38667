"""What can be done to a cluster from outside; each act says what it takes, and is done to each cluster asked for."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Meta, Struct

from basefly.sim.access.certificates import SERVED
from basefly.sim.cluster import Cluster
from basefly.sim.faults import Fault
from basefly.sim.requests import Request
from basefly.sim.store.store import Snapshot

_backups: WeakKeyDictionary[Cluster, dict[int, Snapshot]] = WeakKeyDictionary()
_TLS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1}
_TLS |= {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Wrong(Exception):
    """What was asked cannot be done; `choices` are what could be."""

    def __init__(self, status: int, message: str, choices: list[str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.choices = status, message, choices or []


class Act(NamedTuple):
    """`path` follows /clusters/NAME; `does` gets the cluster and what was asked, in the form of `takes`."""

    method: str
    path: str
    takes: type[Any]
    does: Callable[[Cluster, Any], Any]


class Nothing(Struct, forbid_unknown_fields=True):
    pass


class Numbered(Struct, forbid_unknown_fields=True):
    number: int


class Version(Struct, forbid_unknown_fields=True):
    version: int


class Named(Struct, forbid_unknown_fields=True):
    name: str


class Token(Struct, forbid_unknown_fields=True):
    token: str


class Pace(Struct, forbid_unknown_fields=True):
    """Simulated seconds in a real one."""

    pace: Annotated[float, Meta(gt=0)]


class State(Struct, forbid_unknown_fields=True):
    state: Literal["running", "stopped", "restarted"]


class Filter(Struct, forbid_unknown_fields=True):
    """Which requests: the last `limit` of those that match; `path` is a glob."""

    verb: str = ""
    resource: str = ""
    path: str = "*"
    user: str = ""
    status: int = 0
    limit: Annotated[int, Meta(ge=1)] = 100

    def wants(self, request: Request) -> bool:
        pairs = (
            (self.verb, request.target.verb),
            (self.resource, request.target.resource),
            (self.user, request.user),
            (self.status, request.status),
        )
        return all(asked in ("", 0, held) for asked, held in pairs) and fnmatchcase(request.path, self.path)


def describe(cluster: Cluster, _: Nothing) -> dict[str, Any]:
    return {
        "server": cluster.server,
        "running": cluster.listens,
        "version": cluster.store.version,
        "pace": cluster.clock.pace,
        "open_watches": cluster.faults.open_watches,
        "requests": len(cluster.requests),
        "faults": list_faults(cluster, _),
    }


def list_faults(cluster: Cluster, _: Nothing) -> list[dict[str, Any]]:
    return [_told(fault) for fault in cluster.faults.active]


def _told(fault: Fault) -> dict[str, Any]:
    fields = {key: value for key, value in msgspec.to_builtins(fault).items() if value is not None}
    return {"number": fault.number, "struck": fault.struck, "lasts": fault.lasts} | fields


def add_fault(cluster: Cluster, asked: Fault) -> dict[str, Any]:
    return _told(cluster.faults.add(**msgspec.structs.asdict(asked)))


def remove_fault(cluster: Cluster, asked: Numbered) -> int:
    for fault in cluster.faults.active:
        if fault.number == asked.number:
            cluster.faults.remove(fault)
            return asked.number
    numbers = [str(fault.number) for fault in cluster.faults.active]
    raise Wrong(404, f"{cluster.name} has no fault {asked.number}", numbers)


def clear_faults(cluster: Cluster, _: Nothing) -> int:
    count = len(cluster.faults.active)
    cluster.faults.clear()
    return count


def drop_watches(cluster: Cluster, _: Nothing) -> int:
    return cluster.faults.drop_watches()


def list_requests(cluster: Cluster, asked: Filter) -> list[dict[str, Any]]:
    found = [request for request in cluster.requests if asked.wants(request)]
    told: list[dict[str, Any]] = msgspec.to_builtins(found[-asked.limit :])
    return told


def back_up(cluster: Cluster, _: Nothing) -> int:
    made = cluster.snapshot()
    _backups.setdefault(cluster, {})[made.version] = made
    return made.version


def restore(cluster: Cluster, asked: Version) -> int:
    held = _backups.get(cluster, {})
    try:
        cluster.restore(held.get(asked.version, asked.version))
    except ValueError as error:
        raise Wrong(400, f"{error}, or one that was backed up", [str(version) for version in held]) from None
    return cluster.store.version


def present(cluster: Cluster, asked: Named) -> str:
    if asked.name == "new authority":
        cluster.rotate_authority()
    elif asked.name in SERVED:
        cluster.present(asked.name)
    else:
        raise Wrong(400, f"there is no certificate {asked.name!r}", [*SERVED, "new authority"])
    return asked.name


def limit_tls(cluster: Cluster, asked: Named) -> str:
    if asked.name not in _TLS:
        raise Wrong(400, f"there is no TLS {asked.name!r}", list(_TLS))
    cluster.tls(_TLS[asked.name])
    return asked.name


def revoke(cluster: Cluster, asked: Token) -> None:
    cluster.revoke(asked.token)


def rotate(cluster: Cluster, _: Nothing) -> str:
    return cluster.rotate_token()


async def bring(cluster: Cluster, asked: State) -> str:
    if asked.state != "running":
        await cluster.stop()
    if asked.state != "stopped" and not cluster.listens:
        await cluster.start()
    return "running" if cluster.listens else "stopped"


def set_pace(cluster: Cluster, asked: Pace) -> float:
    cluster.clock.pace = asked.pace
    return cluster.clock.pace


def play(cluster: Cluster, asked: Named) -> str:
    try:
        cluster.life.play(asked.name)
    except LookupError as error:
        raise Wrong(400, f"there is no scenario {asked.name!r}: {error}") from None
    except RuntimeError as error:
        raise Wrong(409, str(error)) from None
    return asked.name


ACTS = (
    Act("GET", "", Nothing, describe),
    Act("GET", "/faults", Nothing, list_faults),
    Act("POST", "/faults", Fault, add_fault),
    Act("DELETE", "/faults", Nothing, clear_faults),
    Act("DELETE", "/faults/{number}", Numbered, remove_fault),
    Act("DELETE", "/watches", Nothing, drop_watches),
    Act("GET", "/requests", Filter, list_requests),
    Act("POST", "/backups", Nothing, back_up),
    Act("PUT", "/version", Version, restore),
    Act("PUT", "/certificate", Named, present),
    Act("PUT", "/tls", Named, limit_tls),
    Act("POST", "/revocations", Token, revoke),
    Act("POST", "/tokens", Nothing, rotate),
    Act("PUT", "/state", State, bring),
    Act("PUT", "/pace", Pace, set_pace),
    Act("POST", "/scenarios", Named, play),
)
