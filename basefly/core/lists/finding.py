"""What the page of a list shows: the rows, and the facets; of what is slow to find, what was found a moment ago."""

from __future__ import annotations

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.principal import Principal
from basefly.core.inventory import answers
from basefly.core.inventory.asking.facets import NO_FACETS, Facets, counted, facets
from basefly.core.inventory.asking.request import ListRequest, understand
from basefly.core.inventory.model import ObjectPage
from basefly.core.lists.kept import OLDEST, SOON, Kept

NONE = ObjectPage(items=[], next=None, total=0, total_exact=True, as_of={}, missing=[])


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The rows, how many clusters they are of, and the name most like what was asked for where there are none.

    `rolled_up` says that the facets do not depend on the rows.
    """

    page: ObjectPage = NONE
    clusters: int = 0
    closest: str = ""
    rolled_up: bool = True


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and the facets, or the mistake in what was asked. `slow`: it was found a moment ago."""

    found: Found = Found()
    slow: bool = False
    facets: Facets = NO_FACETS
    mistake: Invalid | None = None


class Counting(msgspec.Struct, frozen=True):
    """Facets to count: of what, and whether its rows were counted to their end."""

    asked: ListRequest
    exact: bool


async def find(kept: Kept, tx: Tx, by: Principal, asked: ListRequest, *, faceted: bool) -> Shown:
    """What a page shows of a list. Without facets it is renewed because rows have changed: then none are kept ones."""
    try:
        found, slow = await kept.of(tx, by, find_rows, asked, oldest=OLDEST if faceted else 0.0)
        counts = await _count(kept, tx, by, asked, found) if faceted else NO_FACETS
    except Invalid as mistake:
        return Shown(mistake=mistake)
    return Shown(found=found, slow=slow, facets=counts)


async def find_rows(tx: Tx, by: Principal, asked: ListRequest) -> Found:
    """The rows. Raises Invalid or NotFound for what cannot be asked."""
    understood = await understand(tx, by, asked)
    page = await answers.listed(tx, by, understood, ages=False)
    near = await answers.closest(tx, by, understood, asked.q) if not page.items and asked.q else ""
    return Found(page=page, clusters=len(understood.clusters), closest=near, rolled_up=understood.query.rolled_up)


async def _count(kept: Kept, tx: Tx, by: Principal, asked: ListRequest, found: Found) -> Facets:
    same = msgspec.structs.replace(asked, sort="name", cursor="")
    if found.rolled_up:
        counts, _ = await kept.of(tx, by, facets, same, sooner=SOON)
    else:
        counts, _ = await kept.of(tx, by, count_rows, Counting(same, found.page.total_exact), sooner=SOON)
    return counts


async def count_rows(tx: Tx, by: Principal, counting: Counting) -> Facets:
    """The facets of rows that no rollup knows."""
    understood = await understand(tx, by, counting.asked)
    return await counted(tx, by, counting.asked, understood, exact=counting.exact)
