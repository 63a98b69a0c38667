"""Editing as JSON: an object opened, an edit tried and made, what may stand where, and manifests applied."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, QueryParameter, get, post
from basefly.core.editing import actions, applying, schema
from basefly.core.editing.actions import Edit
from basefly.core.editing.applying import Outcome, Wanted
from basefly.core.editing.reading import File
from basefly.core.editing.schema import Field
from basefly.core.gateway.model import READ, WRITE
from basefly.core.gateway.verbs.perform import Target
from basefly.core.history.versions.difference import written

_OBJECT = "/clusters/{cluster:str}/objects/{resource:str}/{name:str}"
At = Annotated[str, QueryParameter(description="A path such as spec.template.spec.containers; lists count as members.")]


class Draft(msgspec.Struct, frozen=True):
    """An object as one edits it: YAML without its status and what the cluster keeps of it."""

    text: str


class NewEdit(Body):
    """`original` is the text as it was opened, `text` what it became."""

    original: str
    text: str
    namespace: str = ""
    take_over: bool = False


class Owned(msgspec.Struct, frozen=True):
    """A field manager, and the fields of its that the edit changes; `operation` is Apply or Update."""

    manager: str
    operation: str
    fields: list[str]


class Review(msgspec.Struct, frozen=True):
    """What an edit would come to: `difference` as `diff -u` prints it, and who else owns what it changes.

    `moved` is what others have changed since the object was opened, "" for nothing. If they have, nothing was tried:
    `original` is the object now, `text` the edit made to that, and `both` are the paths that either side changed.
    """

    difference: str
    owners: list[Owned]
    moved: str
    original: str
    text: str
    both: list[str]


@get(f"{_OBJECT}/draft", permission=READ, summary="An object to edit")
async def get_draft(house: House, by: Principal, cluster: str, resource: str, name: str, namespace: str = "") -> Draft:
    """Live from its cluster. Of a secret this takes gateway:secrets."""
    target = Target(cluster=cluster, resource=resource, namespace=namespace, name=name)
    return Draft(await actions.opened(house, by, target))


@post(f"{_OBJECT}/reviews", permission=WRITE, status_code=200, summary="Try an edit of an object; nothing changes")
async def review_edit(house: House, by: Principal, cluster: str, resource: str, name: str, data: NewEdit) -> Review:
    """The cluster checks it as if it were made (server-side dry run, unknown fields refused)."""
    found = await actions.review(house, by, _target(cluster, resource, name, data), _edit(data))
    return Review(
        difference=written(found.change),
        owners=[Owned(one.manager, one.operation, one.fields) for one in found.owners],
        moved=written(found.moved),
        original=found.original,
        text=found.text,
        both=found.both,
    )


@post(f"{_OBJECT}/edits", permission=WRITE, status_code=200, summary="Edit an object")
async def edit_object(house: House, by: Principal, cluster: str, resource: str, name: str, data: NewEdit) -> Draft:
    """The object afterwards. 409 if it is not what was opened any more, or if others own what would change.

    `take_over` changes fields that others own, and makes them the hub's.
    """
    return Draft(await actions.change(house, by, _target(cluster, resource, name, data), _edit(data)))


def _target(cluster: str, resource: str, name: str, data: NewEdit) -> Target:
    return Target(cluster=cluster, resource=resource, namespace=data.namespace, name=name)


def _edit(data: NewEdit) -> Edit:
    return Edit(original=data.original, text=data.text, take_over=data.take_over)


class Fields(msgspec.Struct, frozen=True):
    """What may stand there."""

    items: list[Field]


@get(
    "/clusters/{cluster:str}/kinds/{resource:str}/fields",
    permission=READ,
    summary="The fields of a kind, with their documentation",
)
async def list_fields(house: House, by: Principal, cluster: str, resource: str, at: At = "") -> Fields:
    """From the cluster's own OpenAPI document, so custom kinds have theirs."""
    target = Target(cluster=cluster, resource=resource, name="any")
    return Fields(await schema.fields(house, by, target, at))


class Manifests(Body):
    """Files of YAML or JSON with any number of objects each, and the clusters that they are for.

    `namespace` is for objects that name none. `take_over` changes fields that others own, and makes them the hub's.
    """

    files: list[File]
    clusters: list[str]
    namespace: str = "default"
    dry_run: bool = False
    take_over: bool = False


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one object in one cluster. `difference` is as `diff -u` prints it, without values of secrets."""

    cluster: str
    cluster_name: str
    file: str
    document: int
    line: int
    kind: str
    namespace: str
    name: str
    outcome: Outcome
    difference: str
    detail: str
    cure: str


class AppliedAll(msgspec.Struct, frozen=True):
    """The results, cluster by cluster, in the order in which they were applied."""

    results: list[Applied]


@post("/manifests", permission=WRITE, status_code=200, limit="expensive", summary="Apply manifests to clusters")
async def apply_manifests(house: House, by: Principal, data: Manifests) -> AppliedAll:
    """Server-side, as the field manager `basefly`: namespaces first, then definitions of kinds, then the rest.

    Every object has a result of its own in every cluster: `created`, `changed`, `unchanged`, `conflict` (others own
    what would change), `refused` (by the hub) or `failed` (by the cluster). With `dry_run` nothing changes.
    """
    wanted = Wanted(**{name: getattr(data, name) for name in Wanted.__struct_fields__})
    return AppliedAll([_applied(each) for each in await applying.apply(house, by, wanted)])


def _applied(result: applying.Result) -> Applied:
    told = {name: getattr(result, name) for name in Applied.__struct_fields__ if name != "difference"}
    return Applied(**told, difference=written(result.change))


HANDLERS = (get_draft, review_edit, edit_object, list_fields, apply_manifests)
