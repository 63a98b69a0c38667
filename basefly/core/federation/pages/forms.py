"""A provider as the form of a page has it: lists as lines of text."""

from __future__ import annotations

from collections.abc import Mapping

from basefly.base.errors import BaseflyError, FieldError, Invalid
from basefly.base.web import Form
from basefly.base.web.language import t
from basefly.core.federation.model import CreateRole, Provider, Wish

FIELDS = (
    "name",
    "issuer",
    "client_id",
    "scopes",
    "groups_claim",
    "group_names",
    "domains",
    "create_role",
    "acr_values",
)
EMPTY: Mapping[str, str] = {**dict.fromkeys((*FIELDS, "require_mfa"), ""), "scopes": "openid email profile"}
_ROLES: dict[str, CreateRole] = {"": "", "viewer": "viewer", "operator": "operator", "admin": "admin"}


def roles() -> list[tuple[str, str]]:
    """What someone becomes on their first sign-in."""
    return [
        ("", t("Nobody: an administrator adds people first")),
        ("viewer", t("As viewers")),
        ("operator", t("As operators")),
        ("admin", t("As administrators")),
    ]


def typed(form: Form) -> dict[str, str]:
    """What was typed, as it was."""
    return {**{name: form.text(name) for name in FIELDS}, "require_mfa": form.text("require_mfa")}


def shown(provider: Provider) -> dict[str, str]:
    """A provider as one would have typed it."""
    return {
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "scopes": " ".join(provider.scopes),
        "groups_claim": provider.groups_claim,
        "group_names": "\n".join(f"{theirs} = {ours}" for theirs, ours in provider.group_names.items()),
        "domains": " ".join(provider.domains),
        "create_role": provider.create_role,
        "acr_values": " ".join(provider.acr_values),
        "require_mfa": "true" if provider.require_mfa else "",
    }


def wish(words: Mapping[str, str]) -> Wish:
    """What was typed as a wish. Raises Invalid for a line that maps nothing."""
    return Wish(
        name=words["name"],
        issuer=words["issuer"],
        client_id=words["client_id"],
        scopes=tuple(words["scopes"].replace(",", " ").split()),
        groups_claim=words["groups_claim"],
        group_names=_mapping(words["group_names"]),
        domains=tuple(words["domains"].replace(",", " ").split()),
        create_role=_ROLES.get(words["create_role"], ""),
        require_mfa=bool(words["require_mfa"]),
        acr_values=tuple(words["acr_values"].split()),
    )


def mistakes(error: BaseflyError | None) -> dict[str, dict[str, str]]:
    """What is wrong with each field, beside which it is said."""
    errors = getattr(error, "errors", ())
    return {"wrong": {each.pointer.lstrip("/").partition("/")[0]: each.detail for each in errors}}


def _mapping(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        theirs, equals, ours = (part.strip() for part in line.rpartition("="))
        if not equals or not theirs or not ours:
            detail = "Write one group per line: theirs = ours."
            raise Invalid(detail, errors=(FieldError("/group_names", detail),))
        found[theirs] = ours
    return found
