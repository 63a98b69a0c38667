"""Every query of identity providers, sign-ins on their way, identities and logout tokens."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from basefly.base.db import Jsonb
from basefly.base.db.transaction import Tx
from basefly.core.federation.model import Flow, Linked, Offer, Provider, Wish

_PROVIDER = """select id, name, issuer, client_id, client_secret is not null as confidential, scopes, groups_claim,
    group_names, domains, create_role, require_mfa, acr_values, created_at
    from identity_providers where org_id = %(org)s and deleted_at is null"""
_LINKED = "select issuer, subject, user_id, email, created_at, used_at from federated_identities where org_id = %s"


async def org_of(tx: Tx, slug: str) -> UUID | None:
    """The organization with this sign-in name."""
    return await tx.one(UUID, "select id from organizations where slug = %s and deleted_at is null", [slug])


async def get_slug(tx: Tx) -> str:
    """The organization's own sign-in name; "" without one."""
    return await tx.value("select slug from organizations where id = %s", [tx.org_id]) or ""


async def update_slug(tx: Tx, slug: str) -> None:
    """Give the organization a sign-in name; raises Duplicate when another has it."""
    await tx.execute("update organizations set slug = %s where id = %s", [slug, tx.org_id])


async def page_providers(tx: Tx) -> list[Provider]:
    """Every provider, by name."""
    return await tx.all(Provider, f"{_PROVIDER} order by lower(name)", {"org": tx.org_id})


async def page_offers(tx: Tx) -> list[Offer]:
    """What the sign-in page shows."""
    query = "select id, name from identity_providers where org_id = %s and deleted_at is null order by lower(name)"
    return await tx.all(Offer, query, [tx.org_id])


async def get_provider(tx: Tx, provider_id: UUID) -> Provider | None:
    """One provider."""
    return await tx.one(Provider, f"{_PROVIDER} and id = %(id)s", {"org": tx.org_id, "id": provider_id})


async def insert_provider(tx: Tx, provider_id: UUID, wish: Wish, sealed: bytes | None) -> None:
    """Add a provider; raises Duplicate when its name, or its client at that issuer, is there."""
    await tx.execute(
        """insert into identity_providers (org_id, id, name, issuer, client_id, client_secret, scopes, groups_claim,
                  group_names, domains, create_role, require_mfa, acr_values)
           values (%(org)s, %(id)s, %(name)s, %(issuer)s, %(client_id)s, %(sealed)s, %(scopes)s, %(groups_claim)s,
                  %(group_names)s, %(domains)s, %(create_role)s, %(require_mfa)s, %(acr_values)s)""",
        {"org": tx.org_id, "id": provider_id, "sealed": sealed, **_columns(wish)},
    )


async def update_provider(tx: Tx, provider_id: UUID, wish: Wish) -> None:
    """Write a provider as it now shall be; its secret stays."""
    await tx.execute(
        """update identity_providers set name = %(name)s, issuer = %(issuer)s, client_id = %(client_id)s,
                  scopes = %(scopes)s, groups_claim = %(groups_claim)s, group_names = %(group_names)s,
                  domains = %(domains)s, create_role = %(create_role)s, require_mfa = %(require_mfa)s,
                  acr_values = %(acr_values)s
            where org_id = %(org)s and id = %(id)s and deleted_at is null""",
        {"org": tx.org_id, "id": provider_id, **_columns(wish)},
    )


async def update_secret(tx: Tx, provider_id: UUID, sealed: bytes | None) -> None:
    """Give a provider another client secret, or none."""
    query = "update identity_providers set client_secret = %s where org_id = %s and id = %s and deleted_at is null"
    await tx.execute(query, [sealed, tx.org_id, provider_id])


async def get_secret(tx: Tx, provider_id: UUID) -> bytes | None:
    """The sealed client secret."""
    query = "select client_secret from identity_providers where org_id = %s and id = %s and deleted_at is null"
    sealed: bytes | None = await tx.value(query, [tx.org_id, provider_id])
    return sealed


async def delete_provider(tx: Tx, provider_id: UUID) -> None:
    """Take a provider out, and forget its secret and the sign-ins on their way."""
    await tx.execute("delete from federation_flows where org_id = %s and provider_id = %s", [tx.org_id, provider_id])
    await tx.execute(
        """update identity_providers set deleted_at = now(), client_secret = null
            where org_id = %s and id = %s and deleted_at is null""",
        [tx.org_id, provider_id],
    )


async def get_required(tx: Tx) -> Provider | None:
    """The provider that everybody must sign in with; None when there is none such."""
    return await tx.one(Provider, f"{_PROVIDER} and required", {"org": tx.org_id})


async def update_required(tx: Tx, provider_id: UUID | None) -> None:
    """Want this provider of everybody, and no other."""
    await tx.execute(
        "update identity_providers set required = false where org_id = %s and required and id is distinct from %s",
        [tx.org_id, provider_id],
    )
    await tx.execute(
        "update identity_providers set required = true where org_id = %s and id = %s and deleted_at is null",
        [tx.org_id, provider_id],
    )


async def came_through(tx: Tx, session_id: UUID, *, issuer: str, client_id: str) -> bool:
    """Whether a session came from a sign-in at this client of this issuer."""
    query = """select exists (select from federated_sessions
                where org_id = %s and session_id = %s and issuer = %s and client_id = %s)"""
    return bool(await tx.value(query, [tx.org_id, session_id, issuer, client_id]))


async def count_unlinked(tx: Tx, issuer: str) -> int:
    """How many people of the organization have no identity at this issuer yet."""
    return int(
        await tx.value(
            """select count(*) from members m join users u on u.id = m.user_id
                where m.org_id = %s and m.deleted_at is null and u.kind = 'person' and u.deleted_at is null
                  and u.disabled_at is null and not exists (
                      select from federated_identities f
                       where f.org_id = m.org_id and f.user_id = m.user_id and f.issuer = %s)""",
            [tx.org_id, issuer],
        )
    )


async def insert_flow(tx: Tx, state_hash: bytes, flow: Flow, lifetime: timedelta) -> None:
    """Remember a sign-in that sets out; forgets those that never came back."""
    await tx.execute("delete from federation_flows where org_id = %s and expires_at < now()", [tx.org_id])
    await tx.execute(
        """insert into federation_flows (org_id, state_hash, browser_hash, provider_id, nonce, verifier, next,
                  link_user_id, expires_at)
           values (%s, %s, %s, %s, %s, %s, %s, %s, now() + %s)""",
        [tx.org_id, state_hash, flow.browser_hash, flow.provider_id, flow.nonce, flow.verifier, flow.next,
         flow.link_user_id, lifetime],
    )  # fmt: skip


async def take_flow(tx: Tx, state_hash: bytes, browser_hash: bytes) -> Flow | None:
    """A sign-in that came back to the browser that it set out from; it can be taken once."""
    return await tx.one(
        Flow,
        """delete from federation_flows
            where org_id = %s and state_hash = %s and browser_hash = %s and expires_at > now()
           returning browser_hash, provider_id, nonce, verifier, next, link_user_id""",
        [tx.org_id, state_hash, browser_hash],
    )


async def get_linked(tx: Tx, issuer: str, subject: str) -> Linked | None:
    """Whose identity this is."""
    return await tx.one(Linked, f"{_LINKED} and issuer = %s and subject = %s", [tx.org_id, issuer, subject])


async def page_linked(tx: Tx, user_id: UUID) -> list[Linked]:
    """A person's identities."""
    return await tx.all(Linked, f"{_LINKED} and user_id = %s order by issuer, subject", [tx.org_id, user_id])


async def insert_linked(tx: Tx, issuer: str, subject: str, user_id: UUID) -> None:
    """Link an identity to a person; raises Duplicate when it is someone's."""
    query = "insert into federated_identities (org_id, issuer, subject, user_id) values (%s, %s, %s, %s)"
    await tx.execute(query, [tx.org_id, issuer, subject, user_id])


async def touch_linked(tx: Tx, issuer: str, subject: str, email: str) -> None:
    """Note a sign-in, and the address that the provider names."""
    await tx.execute(
        """update federated_identities set used_at = now(), email = %s
            where org_id = %s and issuer = %s and subject = %s""",
        [email, tx.org_id, issuer, subject],
    )


async def delete_linked(tx: Tx, user_id: UUID, issuer: str, subject: str) -> bool:
    """Unlink one identity of this person; False when there is none such."""
    query = "delete from federated_identities where org_id = %s and user_id = %s and issuer = %s and subject = %s"
    return await tx.execute(query, [tx.org_id, user_id, issuer, subject]) > 0


async def insert_session(tx: Tx, session_id: UUID, *, issuer: str, client_id: str, subject: str, sid: str) -> None:
    """Note where a session came from; forgets those of sessions long over."""
    await tx.execute(
        "delete from federated_sessions where org_id = %s and created_at < now() - interval '60 days'", [tx.org_id]
    )
    await tx.execute(
        """insert into federated_sessions (org_id, session_id, issuer, client_id, subject, sid)
           values (%s, %s, %s, %s, %s, %s)""",
        [tx.org_id, session_id, issuer, client_id, subject, sid],
    )


async def sessions_from(tx: Tx, *, issuer: str, client_id: str, subject: str, sid: str) -> list[UUID]:
    """The sessions that came from one sign-in there (`sid`), or from all of one person there."""
    return await tx.all(
        UUID,
        """select session_id from federated_sessions
            where org_id = %s and issuer = %s and client_id = %s and (%s = '' or subject = %s) and (%s = '' or sid = %s)
              and (%s <> '' or %s <> '')""",
        [tx.org_id, issuer, client_id, subject, subject, sid, sid, subject, sid],
    )


async def use_logout_token(tx: Tx, issuer: str, jti_hash: bytes, lifetime: timedelta) -> bool:
    """Take a logout token; False when it was taken before."""
    await tx.execute("delete from logout_tokens where org_id = %s and expires_at < now()", [tx.org_id])
    taken = await tx.execute(
        """insert into logout_tokens (org_id, issuer, jti_hash, expires_at) values (%s, %s, %s, now() + %s)
           on conflict do nothing""",
        [tx.org_id, issuer, jti_hash, lifetime],
    )
    return taken > 0


def _columns(wish: Wish) -> dict[str, object]:
    return {
        "name": wish.name,
        "issuer": wish.issuer,
        "client_id": wish.client_id,
        "scopes": list(wish.scopes),
        "groups_claim": wish.groups_claim,
        "group_names": Jsonb(wish.group_names),
        "domains": list(wish.domains),
        "create_role": wish.create_role,
        "require_mfa": wish.require_mfa,
        "acr_values": list(wish.acr_values),
    }
