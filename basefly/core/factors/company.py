"""Whether an organization wants its own provider's sign-in of everybody. Whoever knows the providers plugs in here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Denied
from basefly.core.factors.model import COMPANY


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """The provider that is wanted of someone, and the address of ours that leads there.

    `linked`: the provider's word opens their account already. `exempt`: they are the way out when it fails.
    """

    name: str
    address: str
    linked: bool
    exempt: bool


class CompanySignIn(Denied):
    """They proved who they are, and their organization wants its own provider's word for it too."""

    code, title = "company_sign_in", "Sign in with your organization's account"

    def __init__(self, company: Company, headers: dict[str, str] | None = None) -> None:
        link = "?link=yes" if not company.linked else ""
        super().__init__(
            f"Your organization signs in with {company.name}.",
            cure="Sign in there; on the command line use `basefly login` without --email.",
            provider=company.name,
            address=company.address + link,
        )
        self.headers = headers or {}


class Providers(Protocol):
    """The providers of an organization, as sign-ins need them."""

    async def wanted(self, tx: Tx, user_id: UUID) -> Company | None:
        """The provider that the organization of `tx` wants of everybody; None when it wants none."""
        ...


class Companies:
    """In the house, for sign-ins. Until someone who knows the providers plugs in, none is wanted."""

    def __init__(self) -> None:
        self._providers: Providers | None = None

    def plug(self, providers: Providers) -> None:
        """Take who knows the providers."""
        self._providers = providers

    async def wanted(self, tx: Tx, user_id: UUID, proved: Sequence[str]) -> Company | None:
        """The provider that is wanted of someone who has proved this much; None when its word is among that."""
        if COMPANY in proved or self._providers is None:
            return None
        return await self._providers.wanted(tx, user_id)
