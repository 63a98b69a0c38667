"""The clusters as a list, as tiles by region or label, or on a map of the world; which of them is in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.facts import releases
from basefly.base.facts.releases import Release
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import t
from basefly.core.clusters import actions
from basefly.core.clusters.actions import READ, WRITE, ClusterPage, Counts
from basefly.core.clusters.model import HEALTHS
from basefly.core.clusters.pages.map import drawn
from basefly.core.clusters.pages.tiles import groups, keys
from basefly.core.clusters.store import Wanted

SHOWN = 100  # clusters a page of the list
SHOWN_AT_ONCE = 2000  # as tiles or on the map, which have no pages
VIEWS = ("list", "tiles", "map")
NOTHING = ClusterPage([], None, 0)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The address of the page, read: the view, how tiles are grouped, and which clusters."""

    view: str
    group: str
    wanted: Wanted

    def path(self, **changes: Any) -> str:
        """The same page with another view or group, or with other clusters wanted."""
        here = msgspec.structs.replace(self, **{k: v for k, v in changes.items() if k in ("view", "group")})
        wanted = msgspec.structs.replace(
            self.wanted, **{k: v for k, v in changes.items() if k in ("sort", "descending")}
        )
        query = [("view", here.view)] if here.view != VIEWS[0] else []
        query += [("group", here.group)] if here.group and here.view == "tiles" else []
        query += [("q", wanted.text)] if wanted.text else []
        for name in ("health", "region", "provider", "version"):
            query += [(name, value) for value in getattr(wanted, name)]
        query += [("label", f"{key}={value}" if value is not None else key) for key, value in wanted.labels]
        query += [("removed", "true")] if wanted.removed else []
        if wanted.sort != "name" or wanted.descending:
            query.append(("sort", ("-" if wanted.descending else "") + wanted.sort))
        query += [("cursor", changes["cursor"])] if changes.get("cursor") else []
        return "/clusters" + (f"?{urlencode(query)}" if query else "")

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        wanted = self.wanted
        return bool(wanted.text or wanted.health or wanted.region or wanted.provider or wanted.version or wanted.labels)


@get("/clusters", permission=READ, include_in_schema=False)
async def list_clusters(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """Every cluster in sight, the sick ones findable at a glance."""
    asked, mistake, page = read(request), None, NOTHING
    cursor = request.query_params.get("cursor", "")
    try:
        page = await actions.page(tx, by, asked.wanted, cursor=cursor, counts=house.get(Counts))
    except Invalid as error:
        mistake = error
    today = datetime.now(UTC).date()
    support: Mapping[str, Release] = {c.version: releases.release(c.version, today) for c in page.items}
    return render(
        request,
        "clusters/list.html",
        status=mistake.status if mistake else 200,
        page=page,
        asked=asked,
        wanted=asked.wanted,
        mistake=mistake,
        support=support,
        headers=_headers(asked),
        following=asked.path(cursor=page.next) if page.next else "",
        first=asked.path() if cursor else "",
        choices=_choices(asked, await actions.traits(tx, by)),
        typed_label=" ".join(f"{k}={v}" if v is not None else k for k, v in asked.wanted.labels),
        views=[(view, _view(view), asked.path(view=view)) for view in VIEWS],
        tiles=groups(page.items, asked.group) if asked.view == "tiles" else [],
        keys=[(key, asked.path(group=key)) for key in keys(page.items)] if asked.view == "tiles" else [],
        map=drawn(page.items) if asked.view == "map" else None,
        stale=sum(1 for c in page.items if c.health == "unreachable"),
        may_write=by.may(WRITE),
    )


def read(request: Request) -> Asked:
    """What the address asks for. Words that mean nothing are left for the list to refuse."""
    asked = request.query_params
    view = asked.get("view", VIEWS[0])
    sort = asked.get("sort", "name")
    wanted = Wanted(
        text=asked.get("q", "").strip(),
        labels=[_label(text) for one in asked.getall("label", []) for text in one.replace(",", " ").split()],
        removed=asked.get("removed") == "true",
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        limit=SHOWN if view not in VIEWS[1:] else SHOWN_AT_ONCE,
        health=_values(request, "health"),
        region=_values(request, "region"),
        provider=_values(request, "provider"),
        version=_values(request, "version"),
    )
    return Asked(view=view if view in VIEWS else VIEWS[0], group=asked.get("group", ""), wanted=wanted)


def _values(request: Request, name: str) -> list[str]:
    return [value for value in request.query_params.getall(name, []) if value]


def _label(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    return key, value if equals else None


def _view(view: str) -> str:
    return {"list": t("List"), "tiles": t("Tiles"), "map": t("Map")}[view]


def _headers(asked: Asked) -> list[tuple[str, str, str]]:
    """Each column's title, where its head leads, and how it is sorted now."""
    titles = {
        "name": t("Name"),
        "health": t("Health"),
        "region": t("Region"),
        "provider": t("Provider"),
        "version": t("Version"),
    }
    found: list[tuple[str, str, str]] = []
    for column, title in titles.items():
        here = asked.wanted.sort == column
        falling = here and asked.wanted.descending
        order = ("descending" if falling else "ascending") if here else "none"
        found.append((title, asked.path(sort=column, descending=here and not falling), order))
    return found


def _choices(asked: Asked, traits: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The filters that offer what there is."""
    words = {
        "healthy": t("Healthy"),
        "degraded": t("Degraded"),
        "unreachable": t("Unreachable"),
        "unknown": t("Unknown"),
    }
    wanted = asked.wanted
    return [
        _choice("health", t("Health"), t("Any health"), [(h, words[h]) for h in HEALTHS], chosen=wanted.health),
        _choice("provider", t("Provider"), t("Any provider"), _same(traits["provider"]), chosen=wanted.provider),
        _choice("region", t("Region"), t("Any region"), _same(traits["region"]), chosen=wanted.region),
        _choice("version", t("Version"), t("Any version"), _same(traits["version"]), chosen=wanted.version),
    ]


def _choice(
    name: str, label: str, every: str, options: list[tuple[str, str]], *, chosen: Sequence[str]
) -> dict[str, Any]:
    return {"name": name, "label": label, "any": every, "options": options, "chosen": list(chosen)}


def _same(values: Sequence[str]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


HANDLERS = (list_clusters,)
