"""Images for programs."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import QueryParameter, get
from basefly.core.inventory.answers import READ
from basefly.features.images import answers, model
from basefly.features.images.answers import ImageRequest
from basefly.features.images.model import ImagePage, Only, Use

Clusters = Annotated[
    list[str] | None,
    QueryParameter(name="cluster", description="Id or name; repeat it for several, leave it out for all."),
]
Namespaces = Annotated[list[str] | None, QueryParameter(name="namespace", description="Repeatable.")]
Text = Annotated[str, QueryParameter(description="A part of the image's name or tag.")]
Registry = Annotated[str, QueryParameter(description="Only images of this host, for instance docker.io.")]
Which = Annotated[
    Only, QueryParameter(description="latest: tagged so or not at all; drift: several digests for a tag.")
]
Limit = Annotated[int, QueryParameter(ge=1, le=answers.LARGEST_PAGE, description="How many repositories at most.")]
Cursor = Annotated[str, QueryParameter(description="`next` of the page before.")]
Repository = Annotated[str, QueryParameter(description="The repository, as the list names it.")]


class UseList(msgspec.Struct):
    items: list[Use]


@get("/images", permission=READ, replica=True, summary="Which images run, by repository")
async def list_images(
    tx: Tx,
    by: Principal,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    q: Text = "",
    registry: Registry = "",
    only: Which = "",
    limit: Limit = model.PAGE,
    cursor: Cursor = "",
) -> ImagePage:
    asked = ImageRequest(
        cluster=tuple(cluster or ()),
        namespace=tuple(namespace or ()),
        q=q,
        registry=registry,
        only=only,
        limit=limit,
        cursor=cursor,
    )
    page, _ = await answers.list_images(tx, by, asked)
    return page


@get("/images/uses", permission=READ, replica=True, summary="Where one repository runs, by tag and digest")
async def list_uses(tx: Tx, by: Principal, repository: Repository, cluster: Clusters = None) -> UseList:
    return UseList(await answers.list_uses(tx, by, ImageRequest(cluster=tuple(cluster or ())), repository))


HANDLERS = (list_images, list_uses)
