"""Get and list, with pages, selectors and the meanings of resourceVersion."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from basefly.sim.faults.lagging import Lagging, view
from basefly.sim.rest import options as list_options
from basefly.sim.rest.options import Options
from basefly.sim.rest.render import many, one
from basefly.sim.status import Refusal, expired, not_found, too_large
from basefly.sim.store import selectors, tokens
from basefly.sim.store.record import Record
from basefly.sim.store.store import Store
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer


async def get(call: Call) -> web.Response:
    record = call.cluster.store.get(call.kind.name, call.namespace, call.target.name)
    if record is None:
        raise not_found(call.kind, call.target.name)
    version = call.query.get("resourceVersion", "")
    if version and not version.isdigit():
        raise Refusal(500, "", list_options.unreadable(version))
    if version and int(version) > call.cluster.store.version:
        raise too_large(int(version), call.cluster.store.version)
    include = call.query.get("includeObject", "")
    return await answer(call.request, one(call.kind, record, call.accept.form, include=include), accept=call.accept)


async def listing(call: Call) -> web.Response:
    asked = list_options.read(call.query, watch=False)
    store, resource = view(call.cluster.store, call.cluster.faults, call.target), call.kind.name
    version, after = _where(store, asked)
    found = store.of(resource).snapshot(version, namespace=call.namespace, after=after)
    matches = selectors.matcher(resource, asked.labels, asked.fields)
    if matches:
        found = [record for record in found if matches(record)]
    page, meta = _page(found, version, asked, filtered=matches is not None)
    body = many(call.kind, page, meta, call.accept.form, include=asked.include)
    return await answer(call.request, body, accept=call.accept)


def _where(store: Store | Lagging, asked: Options) -> tuple[int, str]:
    """The version to read at, and the key to go on behind."""
    if asked.token:
        token = tokens.decode(asked.token)
        if token.rv == -1:
            return store.version, token.start
        if token.rv < store.compacted:
            raise tokens.outdated(token)
        return token.rv, token.start
    if asked.version is None:
        return store.version, ""
    if asked.version > store.version:
        raise too_large(asked.version, store.version)
    exact = asked.match == "Exact" or (asked.limit > 0 and asked.version > 0 and not asked.match)
    if not exact:
        return store.version, ""
    if asked.version < store.compacted:
        raise expired("The resourceVersion for the provided list is too old.")
    return asked.version, ""


def _page(found: list[Record], version: int, asked: Options, *, filtered: bool) -> tuple[list[Record], dict[str, Any]]:
    """Cut a page. At resourceVersion 0 the real server answers from its cache and heeds no limit."""
    meta: dict[str, Any] = {"resourceVersion": str(version)}
    if asked.limit <= 0 or len(found) <= asked.limit or (asked.version == 0 and not asked.token):
        return found, meta
    page = found[: asked.limit]
    meta["continue"] = tokens.encode(version, page[-1].key)
    if not filtered:
        meta["remainingItemCount"] = len(found) - len(page)
    return page, meta
