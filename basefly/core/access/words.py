"""Grants in words and in forms: what pages say of a place, and the place that a form names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from basefly.base.errors import FieldError, Invalid
from basefly.base.web import Form
from basefly.base.web.language import t
from basefly.core.access.model import Where

FIELDS = ("clusters", "labels", "region", "namespaces")
LASTING = {"": None, "1": 1, "8": 8, "24": 24, "168": 168, "720": 720, "2160": 2160}  # hours


def place(where: Where, names: Mapping[UUID, str]) -> str:
    """Over what, in words. A cluster that its reader does not see is not named."""
    if where.clusters == "ids":
        known = sorted(names[each] for each in where.cluster_ids or () if each in names)
        hidden = len(where.cluster_ids or ()) - len(known)
        clusters = ", ".join([*known, *([t("{n} out of sight", n=hidden)] if hidden else [])])
    elif where.clusters == "labels":
        clusters = t("clusters with {labels}", labels=where.labels or "")
    elif where.clusters == "region":
        clusters = t("clusters in {region}", region=where.region or "")
    else:
        clusters = t("every cluster")
    if where.namespaces is None:
        return t("the whole organization") if where.clusters == "all" else clusters
    return t("{clusters}: in {namespaces}", clusters=clusters, namespaces=", ".join(where.namespaces))


def through(via: str) -> str:
    """Through whom a grant came, in words; "" for oneself."""
    kind, _, name = via.partition(":")
    return {"team": t("through the team {name}", name=name), "group": t("through the group {name}", name=name)}.get(
        kind, ""
    )


def lasting() -> list[tuple[str, str]]:
    """How long a grant may last, to choose from."""
    return [
        ("", t("until it is revoked")),
        ("1", t("1 hour")),
        ("8", t("8 hours")),
        ("24", t("1 day")),
        ("168", t("7 days")),
        ("720", t("30 days")),
        ("2160", t("90 days")),
    ]


def ends(form: Form) -> datetime | None:
    """When the grant of a form ends. Raises Invalid."""
    hours = LASTING.get(form.text("hours"), 0)
    if hours == 0:
        raise _wrong("/hours", "This is no duration that can be chosen.")
    return datetime.now(UTC) + timedelta(hours=hours) if hours else None


def given(form: Form) -> dict[str, str]:
    """What a form says of a place, to show it again."""
    return {name: form.text(name) for name in FIELDS}


def place_of(form: Form, names: Mapping[UUID, str]) -> Where:
    """The place that a form names: clusters by their names, by labels or by region, else all. Raises Invalid."""
    clusters, labels, region = (form.text(name) for name in FIELDS[:3])
    if sum(map(bool, (clusters, labels, region))) > 1:
        raise _wrong("/clusters", "Choose clusters by name, by labels or by region, in one of these ways.")
    namespaces = tuple(words(form.text("namespaces"))) or None
    if clusters:
        return Where(clusters="ids", cluster_ids=_ids(words(clusters), names), namespaces=namespaces)
    if labels:
        return Where(clusters="labels", labels=labels, namespaces=namespaces)
    if region:
        return Where(clusters="region", region=region, namespaces=namespaces)
    return Where(namespaces=namespaces)


def cluster_id(word: str, names: Mapping[UUID, str]) -> UUID:
    """The cluster of this name or id. Raises Invalid."""
    for id_, name in names.items():
        if word.lower() in (name.lower(), str(id_)):
            return id_
    raise _wrong("/cluster", f"There is no cluster {word[:80]!r} in sight.")


def words(text: str) -> list[str]:
    """Words with commas or space between them."""
    return text.replace(",", " ").split()


def _ids(given_names: list[str], names: Mapping[UUID, str]) -> tuple[UUID, ...]:
    return tuple(cluster_id(word, names) for word in given_names)


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=(FieldError(pointer, detail),), cure="Change it and send the form again.")
