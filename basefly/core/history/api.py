"""The history of objects for programs: the life of one, what it was like, what differs, and what changed lately."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.web import Body, QueryParameter, get, put
from basefly.core.history import actions
from basefly.core.history.actions import Compared, Past, Question, Timeline
from basefly.core.history.model import Settings
from basefly.core.inventory.detail import Path
from basefly.core.inventory.sight import READ

Limit = Annotated[int, QueryParameter(ge=1, le=actions.LARGEST_PAGE, description="How many entries at most.")]
Cursor = Annotated[str, QueryParameter(description="`next` of the page before.")]
When = Annotated[str, QueryParameter(description="A moment (RFC 3339, with its zone), or the number of a version.")]
Moment = Annotated[datetime | None, QueryParameter(description="RFC 3339, with its zone.")]
_OBJECT = "/clusters/{cluster:str}/objects/{resource:str}/{name:str}"


@get(f"{_OBJECT}/history", permission=READ, summary="The life of an object: each change, by whom, and when")
async def get_history(
    tx: Tx,
    by: Principal,
    cluster: str,
    resource: str,
    name: str,
    namespace: str = "",
    limit: Limit = actions.PAGE,
    cursor: Cursor = "",
) -> Timeline:
    """Latest first; of an object that is gone, too. Status is no change, and of pods and events nothing is kept."""
    path = Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    return await actions.life(tx, by, path, cursor=cursor, limit=limit)


@get(f"{_OBJECT}/history/past", permission=READ, summary="What an object was like")
async def get_past(
    tx: Tx, by: Principal, cluster: str, resource: str, name: str, at: When, namespace: str = ""
) -> Past:
    """Without status and what the cluster adds by itself. Of secrets the keys, with marks for values."""
    path = Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    return await actions.past(tx, by, path, when(at, "at"))


@get(f"{_OBJECT}/history/difference", permission=READ, summary="What differs between two moments of an object")
async def get_difference(
    tx: Tx, by: Principal, cluster: str, resource: str, name: str, after: When, before: When = "", namespace: str = ""
) -> Compared:
    """Without `before`, from the version before. A line is added, removed, the same, or a gap in what is the same."""
    path = Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    return await actions.compare(tx, by, path, when(before, "before") if before else None, when(after, "after"))


def when(text: str, field: str) -> datetime | int:
    """A moment, or a version. Raises Invalid."""
    if text.isdecimal() and len(text) < 19:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    detail = "Give a moment like 2026-01-31T12:00:00Z, or the number of a version."
    raise Invalid(detail, errors=(FieldError(f"/{field}", detail),))


@get("/history", permission=READ, summary="What changed in the fleet, latest first")
async def list_changes(
    tx: Tx,
    by: Principal,
    cluster: list[str] | None = None,
    set: list[str] | None = None,  # noqa: A002  # the name of the parameter in the address
    namespace: list[str] | None = None,
    resource: str = "",
    q: str = "",
    manager: str = "",
    since: Moment = None,
    until: Moment = None,
    limit: Limit = actions.PAGE,
    cursor: Cursor = "",
) -> Timeline:
    """Objects that were created, changed or deleted, of the kinds that people write. `q` is a part of the name."""
    asked = Question(
        cluster=tuple(cluster or ()),
        set=tuple(set or ()),
        namespace=tuple(namespace or ()),
        resource=resource,
        q=q,
        manager=manager,
        since=since,
        until=until,
    )
    return await actions.lately(tx, by, asked, cursor=cursor, limit=limit)


class Retention(Body):
    """For how many days past versions are kept, and how many versions of one object at most."""

    days: int
    versions: int


@get("/history/settings", permission=READ, summary="How long versions of objects are kept")
async def get_retention(tx: Tx, by: Principal) -> Settings:
    return await actions.get_settings(tx, by)


@put("/history/settings", permission=actions.WRITE, summary="Decide how long versions of objects are kept")
async def change_retention(tx: Tx, by: Principal, data: Retention) -> Settings:
    """What is too old by this goes within the hour. The present version of an object always stays."""
    return await actions.change_settings(tx, by, Settings(days=data.days, versions=data.versions))


HANDLERS = (get_history, get_past, get_difference, list_changes, get_retention, change_retention)
