"""Create, update, patch and delete."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from basefly.sim import status
from basefly.sim.bodies import applying, checks, patches
from basefly.sim.bodies.objects import DeleteOptions, applied, read_delete_options, read_object
from basefly.sim.clock import now
from basefly.sim.kinds.defaults import TOLD_WHEN_GONE
from basefly.sim.kinds.kind import Kind
from basefly.sim.rest import options as list_options
from basefly.sim.rest import reviews, write_options
from basefly.sim.rest.paths import truthy
from basefly.sim.rest.render import many, one
from basefly.sim.rules import check_type, check_update
from basefly.sim.store import selectors
from basefly.sim.store.record import Record
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer

Object = dict[str, Any]


async def create(call: Call) -> web.Response:
    if call.kind.name in reviews.ANSWERS:
        return await reviews.answer_review(call)
    if call.kind.name == "bindings":
        raise status.not_simulated("bindings but as pods/binding")
    write_options.check(call.query, "CreateOptions")
    obj = await read_object(call)
    check_type(call.kind, obj)
    (obj.get("metadata") or {}).pop("managedFields", None)
    if call.kind.plural == "certificatesigningrequests":
        asker = call.user.info()
        obj["spec"] = (obj.get("spec") or {}) | {"username": asker["username"], "groups": asker["groups"]}
    return await _told(call, _create(call, obj), code=201)


def _create(call: Call, obj: Object) -> Record:
    if (obj.get("metadata") or {}).get("name"):
        checks.require(call.kind, obj)
    return call.cluster.objects.create(call.kind, obj, namespace=call.namespace, keep_status=False, dry=is_dry(call))


async def update(call: Call) -> web.Response:
    return await put(call, "")


async def put(call: Call, part: str) -> web.Response:
    """Replace an object, or a part of it."""
    write_options.check(call.query, "UpdateOptions")
    obj = await read_object(call)
    check_type(call.kind, obj)
    return await _told(call, _update(call, held(call), obj, part))


def _update(call: Call, record: Record, obj: Object, part: str) -> Record:
    check_update(call.kind, record, obj)
    checks.require(call.kind, obj if not part else record.load(), record.load())
    manager = call.query.get("fieldManager") or call.request.headers.get("User-Agent", "unknown").partition("/")[0]
    return call.cluster.objects.update(call.kind, record, obj, part=part, dry=is_dry(call), manager=manager)


async def patch(call: Call) -> web.Response:
    return await patch_part(call, "")


async def patch_part(call: Call, part: str) -> web.Response:
    """Patch an object, or a part of it. Nothing is awaited between reading and writing: it is atomic."""
    write_options.check(call.query, "PatchOptions")
    text, media = await call.request.read(), call.request.content_type
    patches.check_media(call.kind, media)
    if media in patches.APPLY:
        return await _apply(call, text, part)
    record = held(call)
    old = record.load() | {"apiVersion": call.kind.api_version, "kind": call.kind.kind}
    write_options.check_force(call.query)
    new = patches.apply(call.kind, old, text, media)
    patches.check(call.kind, new)
    if new["metadata"].get("resourceVersion") != str(record.version):
        raise status.modified(call.kind, record.name)
    return await _told(call, _update(call, record, new, part))


async def _apply(call: Call, text: bytes, part: str) -> web.Response:
    """Server-side apply: what is not there is made."""
    kind, manager = call.kind, write_options.manager(call.query)
    config = applied(call, text)
    store = call.cluster.store
    record = store.get(kind.name, call.namespace, call.target.name)
    if part and record is None:
        raise status.not_found(kind, call.target.name)
    old = record.load() if record else {}
    by = applying.Writer(manager, part, now())
    new = applying.apply(kind, old, config, by, force=truthy(call.query.get("force")))
    if record is None:
        return await _told(call, _create(call, new), code=201)
    checks.require(kind, new, old)
    changed = call.cluster.objects.update(kind, record, new, part=part, dry=is_dry(call), manager=None)
    return await _told(call, changed)


async def delete(call: Call) -> web.Response:
    options = await read_delete_options(call)
    record = held(call)
    check_preconditions(call.kind, record, options)
    if is_dry(call) or options.dry_run:
        return await _deleted(call, record)
    gone = _delete(call, record, options)
    told = call.kind.name in TOLD_WHEN_GONE or b'"deletionTimestamp"' in gone.body
    return await _told(call, gone) if told else await _deleted(call, gone)


async def delete_many(call: Call) -> web.Response:
    """Delete what a list with the same selectors would show, and answer with that list."""
    options = await read_delete_options(call)
    asked = list_options.read(call.query, watch=False)
    store = call.cluster.store
    found = store.of(call.kind.name).page(namespace=call.namespace)
    matches = selectors.matcher(call.kind.name, asked.labels, asked.fields)
    if matches:
        found = [record for record in found if matches(record)]
    body = many(call.kind, found, {"resourceVersion": str(store.version)}, call.accept.form)
    for record in found if not is_dry(call) else ():
        current = store.get(call.kind.name, record.namespace, record.name)
        if current:
            _delete(call, current, options)
    return await answer(call.request, body, accept=call.accept)


def held(call: Call) -> Record:
    """The object that the path names, or 404."""
    record = call.cluster.store.get(call.kind.name, call.namespace, call.target.name)
    if record is None:
        raise status.not_found(call.kind, call.target.name)
    return record


def is_dry(call: Call) -> bool:
    return call.query.get("dryRun") == "All"


def _delete(call: Call, record: Record, options: DeleteOptions) -> Record:
    policy = options.propagation_policy or ("Orphan" if options.orphan_dependents else "")
    return call.cluster.objects.delete(call.kind, record, grace=options.grace_period_seconds, policy=policy)


def check_preconditions(kind: Kind, record: Record, options: DeleteOptions) -> None:
    wanted = options.preconditions
    if wanted is None:
        return
    if wanted.uid is not None and wanted.uid != record.uid:
        why = f"the UID in the precondition ({wanted.uid}) does not match the UID in record ({record.uid})."
        raise status.precondition(kind, record.name, f"{why} The object might have been deleted and then recreated")
    if wanted.resource_version is not None and wanted.resource_version != str(record.version):
        why = f"the ResourceVersion in the precondition ({wanted.resource_version}) does not match the ResourceVersion"
        raise status.precondition(
            kind, record.name, f"{why} in record ({record.version}). The object might have been modified"
        )


async def _told(call: Call, record: Record, *, code: int = 200) -> web.Response:
    body = one(call.kind, record, call.accept.form, include=call.query.get("includeObject", ""))
    return await answer(call.request, body, status=code, accept=call.accept)


async def _deleted(call: Call, record: Record) -> web.Response:
    details = {"name": record.name, "group": call.kind.group, "kind": call.kind.plural, "uid": record.uid}
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    body = msgspec.json.encode(told | {"details": {key: value for key, value in details.items() if value}})
    return await answer(call.request, body, accept=call.accept)
