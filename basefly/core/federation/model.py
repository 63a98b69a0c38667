"""Identity providers and what they say of someone; the rules of both, pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from basefly.base.errors import FieldError, Invalid

READ, WRITE = "federation:read", "federation:write"
CreateRole = Literal["", "viewer", "operator", "admin"]
MOST_GROUPS, LONGEST_GROUP = 500, 200
RESERVED = frozenset("callback company factor link logout passkey recovery reset second start verify with".split())

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749, 3.3
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider shall be."""

    name: str
    issuer: str
    client_id: str
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    groups_claim: str = ""
    group_names: dict[str, str] = {}
    domains: tuple[str, ...] = ()
    create_role: CreateRole = ""
    require_mfa: bool = False
    acr_values: tuple[str, ...] = ()


class Provider(Wish, frozen=True, kw_only=True):
    """An identity provider of an organization. Its client secret is sealed, and never told."""

    id: UUID
    confidential: bool
    created_at: datetime


class Offer(msgspec.Struct, frozen=True):
    """What the sign-in page shows of a provider."""

    id: UUID
    name: str


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """Someone's identity at a provider."""

    issuer: str
    subject: str
    user_id: UUID
    email: str
    created_at: datetime
    used_at: datetime | None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in on its way back."""

    browser_hash: bytes
    provider_id: UUID
    nonce: str
    verifier: bytes
    next: str
    link_user_id: UUID | None


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of someone, as far as we listen."""

    subject: str
    email: str = ""
    email_verified: bool | None = None
    name: str = ""
    groups: tuple[str, ...] = ()
    sid: str = ""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at when a provider was tested."""

    name: str
    ok: bool
    detail: str


def checked(wish: Wish, *, private: bool) -> Wish:
    """The wish, tidied. Raises Invalid that names every wrong field."""
    tidy = msgspec.structs.replace(
        wish,
        name=" ".join(wish.name.split()),
        issuer=wish.issuer.strip(),
        client_id=wish.client_id.strip(),
        scopes=tuple(dict.fromkeys(("openid", *wish.scopes))),
        groups_claim=wish.groups_claim.strip(),
        domains=tuple(dict.fromkeys(domain.strip().lower().lstrip("@") for domain in wish.domains)),
    )
    problems = [FieldError(f"/{name}", why) for name, why in _problems(tidy, private)]
    if problems:
        raise Invalid(" ".join(problem.detail for problem in problems), errors=tuple(problems))
    return tidy


def slug(text: str) -> str:
    """The name in the sign-in address. Raises Invalid."""
    tidy = text.strip().lower()
    if not _SLUG.fullmatch(tidy) or tidy in RESERVED:
        detail = "The sign-in name has 3 to 63 letters, digits and hyphens, and is not a word of ours."
        raise Invalid(detail, errors=(FieldError("/slug", detail),), cure="Take one like acme.")
    return tidy


def claims_of(provider: Wish, told: Mapping[str, Any]) -> Claims:
    """What we take from the ID token (and the user info), with its types checked; what has another type is absent."""
    verified = told.get("email_verified")
    groups = told.get(provider.groups_claim) if provider.groups_claim else None
    names = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return Claims(
        subject=_text(told.get("sub")),
        email=_text(told.get("email")).strip().lower()[:254],
        email_verified=verified if isinstance(verified, bool) else None,
        name=" ".join((_text(told.get("name")) or _text(told.get("preferred_username"))).split())[:200],
        groups=_mapped(provider, [name for name in names if isinstance(name, str)]),
        sid=_text(told.get("sid"))[:255],
    )


def strong(provider: Wish, told: Mapping[str, Any]) -> bool:
    """Whether the provider says that more than one factor was used (RFC 8176), or names an accepted class."""
    methods, level = told.get("amr"), told.get("acr")
    return (isinstance(methods, list) and "mfa" in methods) or (isinstance(level, str) and level in provider.acr_values)


def domain_allowed(provider: Wish, claims: Claims) -> bool:
    """Whether the address is of a domain that the organization named; any is where it named none."""
    return not provider.domains or claims.email.rpartition("@")[2] in provider.domains


def address_vouched(provider: Wish, claims: Claims) -> bool:
    """Whether an account may be made for the address: the provider verified it, or it is of a named domain."""
    if not claims.email or claims.email_verified is False:
        return False
    return claims.email_verified is True or bool(provider.domains)


def _mapped(provider: Wish, names: list[str]) -> tuple[str, ...]:
    """Group names as the organization calls them. With a mapping, what it does not name is left out."""
    if provider.group_names:
        names = [provider.group_names[name] for name in names if name in provider.group_names]
    fitting = (name for name in names if name and len(name) <= LONGEST_GROUP and name.isprintable())
    return tuple(sorted(set(fitting))[:MOST_GROUPS])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _problems(wish: Wish, private: bool) -> list[tuple[str, str]]:
    found = []
    if not wish.name or len(wish.name) > 100 or not wish.name.isprintable():
        found.append(("name", "A provider needs a name of at most 100 printable characters."))
    if why := issuer_problem(wish.issuer, private=private):
        found.append(("issuer", why))
    if not wish.client_id or len(wish.client_id) > 500 or not wish.client_id.isprintable():
        found.append(("client_id", "The client id is missing; the provider shows it where you registered Basefly."))
    if len(wish.scopes) > 20 or not all(_SCOPE.fullmatch(scope) for scope in wish.scopes):
        found.append(("scopes", "A scope is one word, such as openid; there may be twenty."))
    if len(wish.domains) > 50 or not all(_DOMAIN.fullmatch(domain) for domain in wish.domains):
        found.append(("domains", "A domain is written like example.com; there may be fifty."))
    if len(wish.acr_values) > 20 or not all(_SCOPE.fullmatch(value) for value in wish.acr_values):
        found.append(("acr_values", "A class of authentication (acr) is one word; there may be twenty."))
    if len(wish.groups_claim) > 100 or not wish.groups_claim.isprintable():
        found.append(("groups_claim", "The name of a claim is short, such as groups."))
    names = [*wish.group_names, *wish.group_names.values()]
    if len(wish.group_names) > MOST_GROUPS or not all(0 < len(n) <= LONGEST_GROUP and n.isprintable() for n in names):
        found.append(("group_names", "A group has a name of at most 200 characters; 500 groups may be mapped."))
    return found


def issuer_problem(issuer: str, *, private: bool) -> str:
    """What is wrong with an issuer's address; "" if nothing is (OpenID Connect Discovery 1.0, 3)."""
    try:
        parts = urlsplit(issuer)
        parts.port  # noqa: B018  # raises for one that is no number
    except ValueError:
        return "The issuer is no address."
    if len(issuer) > 500 or not issuer.isprintable() or " " in issuer:
        return "The issuer is no address."
    if parts.query or parts.fragment or parts.username or not parts.hostname:
        return "The issuer is an address like https://id.example.com, without query or fragment."
    if parts.scheme != "https" and not (private and parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return "The issuer's address begins with https://."
    return ""
