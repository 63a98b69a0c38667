"""What people ask of the history: the life of an object, what it was like, what differs, and what changed lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db import paging
from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.text.document import document
from basefly.core.audit.actions import record
from basefly.core.history import acts, model, store
from basefly.core.history.keeping import Keeping
from basefly.core.history.model import Entry, Settings, Version, Wanted
from basefly.core.history.store import Path
from basefly.core.history.versions.difference import Line, difference
from basefly.core.history.versions.packing import opened
from basefly.core.inventory import detail
from basefly.core.inventory.detail import Found
from basefly.core.inventory.model import ClusterName, kind_of
from basefly.core.inventory.sight import READ, visible_clusters
from basefly.core.sync.store import streams

WRITE = "clusters:write"
LONGEST_DAYS, MOST_VERSIONS = 3_650, 10_000
PAGE, LARGEST_PAGE = 50, 500


class Timeline(msgspec.Struct, frozen=True):
    """Entries, latest first. `next` is the cursor of the following page, None at the end."""

    items: list[Entry]
    next: str | None


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What an object was like from `at` until `until` (None: it still is), without what its cluster adds by itself."""

    version: int
    at: datetime
    until: datetime | None
    object: dict[str, Any]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of YAML that differ between two versions; `before` is None where there was none."""

    before: Past | None
    after: Past
    lines: list[Line]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which changes somebody asks for, in their words."""

    cluster: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    resource: str = ""
    q: str = ""
    manager: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def life(tx: Tx, by: Principal, path: detail.Path, *, cursor: str = "", limit: int = PAGE) -> Timeline:
    """The life of one object, latest first; of one that is gone too. Raises NotFound as its page does."""
    found = await detail.find(tx, by, path)
    wanted = Wanted(
        clusters=(found.cluster.id,),
        namespaces=(path.namespace,),
        resources=(found.stream.resource,),
        name=path.name,
        begun=True,
    )
    return await _timeline(tx, by, wanted, cursor=cursor, limit=limit)


async def lately(tx: Tx, by: Principal, asked: Question, *, cursor: str = "", limit: int = PAGE) -> Timeline:
    """What changed in the clusters in sight, latest first. Raises NotFound for a cluster, Invalid for a set."""
    clusters = None
    if asked.cluster or asked.set:
        clusters = tuple(cluster.id for cluster in await visible_clusters(tx, by, asked.cluster, asked.set))
    resource = ""
    if asked.resource:
        resource = kind_of(asked.resource, await streams.get_served(tx, await _all(tx, by, clusters))).resource
    wanted = Wanted(
        clusters=clusters,
        namespaces=asked.namespace,
        resources=(resource,) if resource else (),
        text=asked.q,
        manager=asked.manager,
        since=asked.since,
        until=asked.until,
    )
    return await _timeline(tx, by, wanted, cursor=cursor, limit=limit)


async def kinds(tx: Tx, by: Principal) -> list[tuple[str, str]]:
    """The kinds in sight of which versions are kept: the resource and what people call it."""
    served = await streams.get_served(tx, await _all(tx, by, None))
    return [(each.resource, each.kind) for each in served if model.is_kept(each.resource)]


async def _all(tx: Tx, by: Principal, clusters: Sequence[UUID] | None) -> Sequence[UUID]:
    return clusters if clusters is not None else [cluster.id for cluster in await visible_clusters(tx, by)]


async def _timeline(tx: Tx, by: Principal, wanted: Wanted, *, cursor: str, limit: int) -> Timeline:
    found = await store.page(
        tx, by.scope(READ), wanted, after=paging.key(cursor, tuple[datetime, int, int]), limit=limit + 1
    )
    rows = found[:limit]
    names = {cluster.id: cluster.name for cluster in await visible_clusters(tx, by)}
    kinds = {each.resource: each.kind for each in await streams.get_served(tx, list({row.cluster_id for row in rows}))}
    made = await acts.through_the_hub(tx, by, rows)
    items = [_entry(row, names, kinds, made.get((row.id, row.at))) for row in rows]
    last = rows[-1] if len(found) > limit else None
    return Timeline(items, paging.encode([last.at, last.turn, last.id]) if last else None)


def _entry(row: store.Moment, names: Mapping[UUID, str], kinds: Mapping[str, str], act: model.Act | None) -> Entry:
    return Entry(
        version=row.id,
        cluster=ClusterName(row.cluster_id, names.get(row.cluster_id, "")),
        resource=row.resource,
        kind=kinds.get(row.resource, row.resource),
        namespace=row.namespace,
        name=row.name,
        uid=row.uid,
        what=row.what,
        at=row.at,
        manager=row.manager,
        operation=row.operation,
        changes=row.changes,
        changed=row.changed,
        act=act,
    )


async def past(tx: Tx, by: Principal, path: detail.Path, moment: datetime | int) -> Past:
    """What an object was like at a moment, or in a version. Raises NotFound."""
    found = await detail.find(tx, by, path)
    return _past(found, path, await _version(tx, by, found, path, moment))


async def compare(
    tx: Tx, by: Principal, path: detail.Path, before: datetime | int | None, after: datetime | int
) -> Compared:
    """What differs between two moments or versions; without `before`, from the version before. Raises NotFound."""
    found = await detail.find(tx, by, path)
    late = await _version(tx, by, found, path, after)
    if before is None:
        early = await store.get_before(tx, by.scope(READ), _where(found, path), late)
    else:
        early = await _version(tx, by, found, path, before)
    sides = [None if each is None else _past(found, path, each) for each in (early, late)]
    texts = ["" if each is None else document(each.object).text for each in sides]
    assert sides[1] is not None  # noqa: S101  # for the type checker
    return Compared(before=sides[0], after=sides[1], lines=difference(*texts))


async def _version(tx: Tx, by: Principal, found: Found, path: detail.Path, moment: datetime | int) -> Version:
    where, scope = _where(found, path), by.scope(READ)
    if isinstance(moment, datetime):
        version = await store.get_as_of(tx, scope, where, moment)
    else:
        version = await store.get_version(tx, scope, where, moment)
    if version is None:
        when = f" at {moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if isinstance(moment, datetime) else ""
        raise NotFound(
            f"No version of {found.stream.kind} {path.name!r} is known{when}.",
            cure="Its history lists the versions that are kept.",
        )
    return version


def _where(found: Found, path: detail.Path) -> Path:
    return Path(found.cluster.id, found.stream.resource, path.namespace, path.name)


def _past(found: Found, path: detail.Path, version: Version) -> Past:
    resource = detail.resource_of(found.stream)
    kept = opened(version.text)
    meta = {"name": path.name, **({"namespace": path.namespace} if path.namespace else {}), **kept.pop("metadata", {})}
    whole = {"apiVersion": resource.api_version, "kind": found.stream.kind, "metadata": meta, **kept}
    return Past(version=version.id, at=version.at, until=version.until, object=whole)


async def get_settings(tx: Tx, by: Principal) -> Settings:
    """How long versions are kept; for whoever may see objects."""
    by.require(READ)
    return await store.get_settings(tx)


async def change_settings(tx: Tx, by: Principal, wanted: Settings) -> Settings:
    """Keep versions for so long from now on; needs clusters:write over everything. What is gone stays gone."""
    by.require_everywhere(WRITE)
    bounds = {"days": LONGEST_DAYS, "versions": MOST_VERSIONS}
    wrong = [name for name, most in bounds.items() if not 1 <= getattr(wanted, name) <= most]
    if wrong:
        errors = tuple(FieldError(f"/{name}", f"Give a whole number from 1 to {bounds[name]}.") for name in wrong)
        raise Invalid(errors[0].detail, errors=errors)
    before = await store.get_settings(tx)
    await Keeping().open(tx)  # makes the row, if nothing has been kept yet
    await store.update_settings(tx, wanted)
    if wanted != before:
        sides = [msgspec.to_builtins(each) for each in (before, wanted)]
        await record(tx, by, "history.retention_changed", "history", before=sides[0], after=sides[1])
    return wanted
