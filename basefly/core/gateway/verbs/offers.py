"""What may be done to the object whose page is shown: the verbs. Slices above offer theirs in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from basefly.base.principal import Principal
from basefly.base.slice import Offer
from basefly.base.web.language import t
from basefly.core.gateway.model import READ, WRITE
from basefly.core.gateway.verbs.model import ROLLED, VERBS, Name, Verb, fits
from basefly.core.gateway.verbs.perform import Target
from basefly.core.inventory.display.address import OWN_LISTS
from basefly.core.sync import kinds

_LAST = 90  # what cannot be undone stands at the end of the menu


def shown(path: str, query: Mapping[str, str]) -> Target | None:
    """The object whose page this is; None for any other page."""
    parts = path.strip("/").split("/")
    if len(parts) != 5 or parts[0] != "clusters" or parts[2] != "objects":
        return None
    _, cluster, _, resource, name = parts
    return Target(cluster=cluster, resource=resource, namespace=query.get("namespace", ""), name=name)


def may(by: Principal, permission: str, target: Target) -> bool:
    """Whether they seem to hold a permission where an object is: of a cluster by name only the door knows."""
    try:
        return by.scope(permission).covers(UUID(target.cluster), target.namespace or None)
    except ValueError:
        return by.may(permission)


def offers(by: Principal, target: Target) -> list[Offer]:
    """The verbs that fit its kind, and what it was where it remembers that."""
    found = []
    if target.resource in ROLLED and may(by, READ, target):
        found.append(Offer(t("Revisions"), target.page("revisions"), "list", 40))
    if not may(by, WRITE, target):
        return found
    return found + [
        Offer(
            t(verb.title),
            f"/object-changes?{urlencode({'do': key, 'object': target.address})}",
            verb.symbol,
            _LAST if verb.dangerous else 50,
        )
        for key, verb in VERBS.items()
        if fits(verb, target.resource)
    ]


def bulk(by: Principal, path: str) -> list[tuple[Name, Verb]]:
    """What may be done to the objects selected in the list whose page this is; nothing on any other page."""
    parts = path.strip("/").split("/")
    listed = parts[-1] if parts[0] in ("workloads", "objects") and len(parts) == 2 else parts[0]
    if (len(parts) == 1 and listed not in OWN_LISTS) or len(parts) > 2 or not by.may(WRITE):
        return []
    kind = known.resource if (known := kinds.named(listed)) else listed
    return [] if kind == "events" else [(name, verb) for name, verb in VERBS.items() if fits(verb, kind)]
