"""Answers about images, in the asker's scope."""

from __future__ import annotations

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.core.inventory.answers import READ
from basefly.core.inventory.standing import Coverage, get_coverage
from basefly.features.images import model, store
from basefly.features.images.model import ImagePage, ImageQuery, Only, Use

RESOURCES = ("pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch")
LARGEST_PAGE = 200


class ImageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asks of the images: clusters by id or name."""

    cluster: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    q: str = ""
    registry: str = ""
    only: Only = ""
    limit: int = model.PAGE
    cursor: str = ""


async def list_images(tx: Tx, by: Principal, request: ImageRequest) -> tuple[ImagePage, Coverage]:
    """One page of repositories. Raises NotFound for a cluster that is not in sight."""
    query, coverage = await _query(tx, by, request)
    found, following = await store.page_repositories(tx, by.scope(READ), query)
    return ImagePage(items=found, next=following, as_of=coverage.as_of, missing=coverage.missing), coverage


async def list_uses(tx: Tx, by: Principal, request: ImageRequest, repository: str) -> list[Use]:
    """Where one repository runs."""
    query, _ = await _query(tx, by, request)
    return await store.get_uses(tx, by.scope(READ), query, repository)


async def list_registries(tx: Tx, by: Principal) -> list[str]:
    """Every registry that images in sight come from."""
    query, _ = await _query(tx, by, ImageRequest())
    return await store.get_registries(tx, by.scope(READ), query)


async def _query(tx: Tx, by: Principal, request: ImageRequest) -> tuple[ImageQuery, Coverage]:
    coverage = await get_coverage(tx, by, request.cluster, RESOURCES)
    query = ImageQuery(
        clusters=tuple(coverage.names),
        namespaces=request.namespace,
        text=request.q.strip(),
        registry=request.registry,
        only=request.only,
        limit=request.limit,
        cursor=request.cursor,
    )
    return query, coverage
