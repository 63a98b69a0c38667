"""What can be done with a cluster: register, rename, label, relocate, rotate its credentials, remove, restore."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db import archive, paging
from basefly.base.db.failures import Duplicate
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, FieldError, Invalid, NotFound
from basefly.base.facts import releases
from basefly.base.kube import fields, kubeconfig
from basefly.base.kube.credentials import Credentials
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web.boundary.sharing import Answer
from basefly.base.web.language import sentence
from basefly.core.access import granting
from basefly.core.access.model import Where
from basefly.core.audit import actions as audit
from basefly.core.clusters import checks, connections, model, store
from basefly.core.clusters.checks import Report
from basefly.core.clusters.choosing import fits
from basefly.core.clusters.model import Cluster, Place, Probe
from basefly.core.clusters.store import REMOVAL, SORTS, Wanted

READ = "clusters:read"
WRITE = "clusters:write"
Count = Callable[[Tx, Principal, Sequence[UUID]], Awaitable[Mapping[UUID, Mapping[str, int]]]]


class Counts:
    """How much runs in each cluster ("nodes", "pods"): asked of those above, who know, and plug themselves in here."""

    def __init__(self) -> None:
        self._sources: list[Count] = []

    def add(self, source: Count) -> None:
        """Ask this source too."""
        self._sources.append(source)

    async def of(self, tx: Tx, by: Principal, clusters: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
        """What `by` may know of these clusters."""
        found: dict[UUID, dict[str, int]] = defaultdict(dict)
        for source in self._sources:
            for cluster, counted in (await source(tx, by, clusters)).items():
                found[cluster] |= counted
        return dict(found)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """How someone gives a cluster's credentials: a kubeconfig and one of its contexts, or an address with a token."""

    kubeconfig: str = ""
    context: str = ""
    server: str = ""
    ca: str = ""
    token: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of a cluster; None leaves it as it is."""

    name: str | None = None
    labels: dict[str, str] | None = None
    region: str | None = None
    provider: str | None = None
    once: bool = False  # refuse a cluster that is there already, under whatever name


class ClusterPage(Answer, frozen=True):
    """One page of clusters. `next` is the cursor of the page after it, if there is one; `total` counts all pages."""

    items: list[Cluster]
    next: str | None
    total: int


def read(given: Given) -> tuple[str, Credentials]:
    """The name and the credentials that were given. Raises Invalid or Malformed, naming the field and the cure."""
    if not given.kubeconfig:
        return "", fields.read(given.server, given.ca, given.token)
    contexts = kubeconfig.read(given.kubeconfig)
    chosen = [
        c for c in contexts if c.name == given.context or (not given.context and (c.current or len(contexts) == 1))
    ]
    if not chosen:
        names = ", ".join(c.name for c in contexts[:20])
        detail = f"The kubeconfig has no context {given.context!r}." if given.context else "Which context is meant?"
        raise Invalid(detail, errors=(FieldError("/context", detail),), cure=f"Name one of these: {names}.")
    context = chosen[0]
    if context.credentials is None:
        raise Invalid(context.why, errors=(FieldError("/kubeconfig", context.why),), cure=context.cure)
    return model.name_from(context.name), context.credentials


async def check(given: Given, *, private: bool) -> Report:
    """Try to connect with what was given, keeping nothing."""
    _, credentials = read(given)
    return await checks.check(credentials, private=private)


async def register(
    db: Database, by: Principal, vault: Vault, given: Given, settings: Settings, *, private: bool
) -> Cluster:
    """Check a cluster and keep it.

    Raises Invalid with every failed check, Conflict if its name is taken, or if the same cluster is there already and
    `settings.once` is set.
    """
    by.require_everywhere(WRITE)
    context, credentials = read(given)
    settings = msgspec.structs.replace(settings, name=settings.name or context)
    _changes(settings)  # what is wrong with them is said before anything is tried
    report = await checks.check(credentials, private=private)
    report.require()
    async with db.transaction(by.org_id) as tx:
        return await admit(tx, by, vault, credentials, report, settings)


async def admit(
    tx: Tx, by: Principal, vault: Vault, credentials: Credentials, report: Report, settings: Settings
) -> Cluster:
    """Keep a cluster that was checked. Raises as `register` does."""
    changes = _changes(settings)
    placed = {"labels": {}, "region": report.place.region, "provider": report.place.provider}
    given_by_hand = {"region_given": False, "provider_given": False}
    values = placed | given_by_hand | changes
    values |= {"server": report.server, "version": report.version, "identity": report.identity}
    address = "" if credentials.tunnelled else report.server  # which is the same in every cluster's inside
    if settings.once and (twin := await store.get_twin(tx, address, report.identity)) is not None:
        raise _twin(by, twin)
    try:
        async with tx.attempt():
            created = await store.insert(tx, {**values, "created_by": by.user_id})
    except Duplicate as error:
        raise _taken(values["name"]) from error
    await keep_credentials(tx, vault, created, credentials)
    told = {"name": values["name"], "server": report.server, "missing": report.missing}
    return await _done(tx, by, created, "cluster.registered", told)


async def change(house: House, tx: Tx, by: Principal, cluster: str | UUID, settings: Settings) -> Cluster:
    """Rename, label or relocate a cluster. Raises NotFound, Invalid, or Conflict if its name is taken.

    Labels and regions are what some grants go by: who brings a cluster within such a grant must be able to give it.
    """
    before = await find(tx, by, cluster)
    cluster_id = before.id
    by.require(WRITE, cluster_id)
    changes = _changes(settings)
    if not changes:
        return before
    labels, region = changes.get("labels", before.labels), changes.get("region", before.region)

    def gained(where: Where) -> bool:
        return fits(where, labels, region) and not fits(where, before.labels, before.region)

    await granting.may_reach(house, tx, by, cluster_id, gained)
    try:
        async with tx.attempt():
            await store.update(tx, cluster_id, changes)
    except Duplicate as error:
        raise _taken(changes["name"]) from error
    told: dict[str, Any] = {
        field: {"from": getattr(before, field), "to": changes[field]}
        for field in ("name", "labels", "region", "provider")
        if field in changes and changes[field] != getattr(before, field)
    }
    return await _done(tx, by, cluster_id, "cluster.changed", told) if told else before


async def rotate(
    db: Database, by: Principal, vault: Vault, cluster: str | UUID, given: Given, *, private: bool
) -> Cluster:
    """Check new credentials and keep them in place of the old. Raises NotFound, or Invalid with the failed checks."""
    async with db.transaction(by.org_id) as tx:
        cluster_id = (await find(tx, by, cluster)).id
    by.require(WRITE, cluster_id)
    _, credentials = read(given)
    report = await checks.check(credentials, private=private)
    report.require()
    async with db.transaction(by.org_id) as tx:
        return await readmit(tx, by, vault, cluster_id, credentials, report)


async def readmit(
    tx: Tx, by: Principal, vault: Vault, cluster_id: UUID, credentials: Credentials, report: Report
) -> Cluster:
    """Keep new credentials, which were checked, in place of the old."""
    before = await find(tx, by, cluster_id)
    await keep_credentials(tx, vault, cluster_id, credentials)
    await store.update_server(tx, cluster_id, report.server, report.version)
    told = {"server": {"from": before.server, "to": report.server}, "missing": report.missing}
    return await _done(tx, by, cluster_id, "cluster.credentials_rotated", told)


async def remove(db: Database, by: Principal, cluster: str | UUID) -> None:
    """Remove a cluster from the hub, and nothing from the cluster itself. It can be restored."""
    async with db.transaction(by.org_id) as tx:
        found = await find(tx, by, cluster)
        cluster_id, told = found.id, {"name": found.name}
        by.require(WRITE, cluster_id)
        await audit.record(tx, by, "cluster.removed", f"clusters/{cluster_id}", told, outcome="started")
    await archive.archive(db, REMOVAL, org_id=by.org_id, root_id=cluster_id, by=by.user_id)
    async with db.transaction(by.org_id) as tx:
        await audit.record(tx, by, "cluster.removed", f"clusters/{cluster_id}", told)
        await tx.notify(f"clusters/{cluster_id}")


async def restore(db: Database, by: Principal, cluster: str | UUID) -> Cluster:
    """Bring a removed cluster back, with its credentials. Raises NotFound, or Conflict if its name is taken."""
    async with db.transaction(by.org_id) as tx:
        found = await find(tx, by, cluster, removed=True)
        cluster_id, told = found.id, {"name": found.name}
        by.require(WRITE, cluster_id)
        if found.removed_at is None:
            raise Conflict(f"The cluster {found.name} is not removed.")
        await audit.record(tx, by, "cluster.restored", f"clusters/{cluster_id}", told, outcome="started")
    await archive.restore(db, REMOVAL, org_id=by.org_id, root_id=cluster_id, by=by.user_id)
    async with db.transaction(by.org_id) as tx:
        if (before := await store.get_vital(tx, cluster_id)) is not None:
            said: dict[str, Any] = {
                "health": "unknown",
                "health_reason": sentence("It was restored and has not been asked yet."),
            }
            after = msgspec.structs.replace(before, probe_health="unknown", probe_reason="", stream_trouble="", **said)
            await _keep_vital(tx, cluster_id, before, after)
        return await _done(tx, by, cluster_id, "cluster.restored", told)


async def find(tx: Tx, by: Principal, cluster: str | UUID, *, removed: bool = False) -> Cluster:
    """A cluster that `by` may see, by its id, or by its name if it is not removed.

    Raises NotFound, whether it is not there or not theirs.
    """
    cluster_id = cluster if isinstance(cluster, UUID) else await _id(tx, cluster)
    found = await store.get(tx, by.scope(READ), cluster_id, removed=removed) if cluster_id else None
    if found is None:
        raise NotFound("There is no such cluster here.", cure="Look at the list of clusters.")
    return found


async def page(tx: Tx, by: Principal, wanted: Wanted, *, cursor: str = "", counts: Counts | None = None) -> ClusterPage:
    """One page of the clusters that `by` may see."""
    by.require(READ)
    if wanted.sort not in SORTS:
        detail = f"Clusters cannot be sorted by {wanted.sort!r}."
        raise Invalid(detail, errors=(FieldError("/sort", detail),), cure=f"Sort by one of {', '.join(SORTS)}.")
    for health in wanted.health:
        if health not in model.HEALTHS:
            detail = f"A cluster's health is never {health!r}."
            raise Invalid(detail, errors=(FieldError("/health", detail),), cure=f"Say {', '.join(model.HEALTHS)}.")
    scope = by.scope(READ)
    after = paging.key(cursor, tuple[str, UUID])
    found = await store.page(tx, scope, msgspec.structs.replace(wanted, after=after, limit=wanted.limit + 1))
    shown = found[: wanted.limit]
    following = paging.encode([shown[-1].key, shown[-1].id]) if len(found) > wanted.limit else None
    counted = await counts.of(tx, by, [row.id for row in shown]) if counts else {}
    items = [row.cluster(counted.get(row.id, {})) for row in shown]
    return ClusterPage(items, following, await store.count(tx, scope, wanted))


async def traits(tx: Tx, by: Principal) -> dict[str, list[str]]:
    """What the clusters in sight can be filtered by: their regions, providers and minor releases."""
    found = await store.get_traits(tx, by.scope(READ))
    columns = {
        name: sorted({row[at] for row in found if row[at]}) for at, name in enumerate(("region", "provider", "version"))
    }
    columns["version"].sort(key=lambda minor: releases.numbers(minor) or (0, 0), reverse=True)
    return columns


async def keep_probe(tx: Tx, cluster_id: UUID, probe: Probe) -> None:
    """Keep what a probe brought, and tell whoever watches if anything that is shown has changed."""
    before = await store.get_vital(tx, cluster_id)
    if before is None:
        return
    health, reason = model.health(probe.health, probe.reason, before.stream_trouble)
    after = msgspec.structs.replace(
        before,
        probe_health=probe.health,
        probe_reason=probe.reason,
        health=health,
        health_reason=reason,
        version=probe.version or before.version,
    )
    await _keep_vital(tx, cluster_id, before, after)
    await store.update_probed(tx, cluster_id, answered=probe.answered, latency_ms=probe.latency_ms)


async def report_unfollowed(tx: Tx, cluster_id: UUID, reason: str) -> None:
    """Keep that nobody asks a cluster how it is, and why; whoever follows it again finds out anew.

    Call it as often as you like: it writes what has changed.
    """
    before = await store.get_vital(tx, cluster_id)
    if before is None:
        return
    after = msgspec.structs.replace(
        before, probe_health="unknown", probe_reason=reason, health="unknown", health_reason=reason
    )
    await _keep_vital(tx, cluster_id, before, after)


async def report_streams(tx: Tx, cluster_id: UUID, trouble: str) -> None:
    """Keep what the inventory's streams say of a cluster: one sentence of trouble, or "" when all is well.

    A cluster that answers but cannot be followed is degraded. Call it when the sentence may have changed.
    """
    before = await store.get_vital(tx, cluster_id)
    if before is None or before.stream_trouble == trouble:
        return
    health, reason = model.health(before.probe_health, before.probe_reason, trouble)
    after = msgspec.structs.replace(before, stream_trouble=trouble, health=health, health_reason=reason)
    await _keep_vital(tx, cluster_id, before, after)


async def note_restored(tx: Tx, cluster_id: UUID) -> None:
    """A cluster was put back to an older state: say so once, on record and to whoever watches.

    What is gone from it was not deleted; whoever acts by himself on what is gone must look at `restored_at` first.
    """
    if await store.update_restored(tx, cluster_id):
        await audit.record(tx, None, "cluster.put_back", f"clusters/{cluster_id}")
        await tx.notify(f"clusters/{cluster_id}")


async def keep_place(tx: Tx, cluster_id: UUID, place: Place) -> None:
    """Keep where the nodes say they are; what a person has said stays."""
    if await store.update_place(tx, cluster_id, place):
        await tx.notify(f"clusters/{cluster_id}")


async def _id(tx: Tx, text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return await store.get_id(tx, text)


async def _keep_vital(tx: Tx, cluster_id: UUID, before: store.Vital, after: store.Vital) -> None:
    if after == before:
        return
    await store.update_vital(tx, cluster_id, after)
    await tx.notify(f"clusters/{cluster_id}")


async def keep_credentials(tx: Tx, vault: Vault, cluster_id: UUID, credentials: Credentials) -> None:
    """Seal credentials and keep them; who checks and records it is who calls."""
    sealed = await connections.seal_credentials(tx, vault, cluster_id, credentials)
    certificate = credentials.certificate
    await store.upsert_credentials(
        tx,
        cluster_id,
        sealed,
        kind="agent" if credentials.tunnelled else "token" if credentials.token else "certificate",
        expires_at=fields.expiry(certificate) if certificate else None,
    )


async def _done(tx: Tx, by: Principal, cluster_id: UUID, act: str, told: Mapping[str, Any]) -> Cluster:
    """Put it on record, tell whoever watches, and return the cluster as it is now."""
    await audit.record(tx, by, act, f"clusters/{cluster_id}", told)
    await tx.notify(f"clusters/{cluster_id}")
    return await find(tx, by, cluster_id)


def _changes(settings: Settings) -> dict[str, Any]:
    """The columns that are to change. An emptied region or provider is once more read from the nodes."""
    changes: dict[str, Any] = {}
    if settings.name is not None:
        changes["name"] = model.name(settings.name)
    if settings.labels is not None:
        changes["labels"] = model.labels(settings.labels)
    for field in ("region", "provider"):
        if (said := getattr(settings, field)) is not None:
            changes[field] = model.place(said, field)
            changes[f"{field}_given"] = bool(changes[field])
    return changes


def _twin(by: Principal, twin: store.Twin) -> Conflict:
    """The same cluster is there already. Who may not see it learns that it is there, not which it is."""
    if not by.scope(READ).sees(twin.id):
        return Conflict("This cluster is already there.", cure="Ask an owner of your organization who connected it.")
    cure = "Open it, or give it other credentials there."
    return Conflict(f"This cluster is already there as {twin.name}.", cure=cure, cluster=str(twin.id))


def _taken(name: str) -> Conflict:
    return Conflict(
        f"There is a cluster {name!r} already.", cure="Choose another name, or rename the one that is there."
    )
