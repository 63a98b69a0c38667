"""Back-channel logout: the provider says that someone signed out there, and their sessions from there end here."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from basefly.base.limits import network
from basefly.base.runtime.house import House
from basefly.core.audit.actions import record
from basefly.core.federation import flow, store, verify
from basefly.core.federation.issuers import Issuers
from basefly.core.identity import model as marks
from basefly.core.identity import store as people
from basefly.core.identity import throttle
from basefly.core.identity.model import Origin
from basefly.core.identity.throttle import Bucket

REMEMBERED = timedelta(hours=24)  # longer than any logout token is taken for
OLDEST = 10 * 60  # seconds since it was issued: one that is older is taken for a replay
CALLS = Bucket(300, 5)  # a provider may end many sessions at once


async def end(house: House, org_id: UUID, provider_id: UUID, token: str, origin: Origin) -> int:
    """End the sessions that a logout token tells of; how many. Raises Refused, ProviderFailed, Limited."""
    await throttle.spend(house.db, "logout", network(origin.address), CALLS)
    header = verify.header_of(token)  # first: who sends nonsense learns nothing of who is here
    async with house.db.transaction(org_id) as tx:
        provider = await store.get_provider(tx, provider_id)
    if provider is None:
        raise verify.Refused("Nobody here knows this provider.")
    issuers = house.get(Issuers)
    told = await flow.verified(issuers, await issuers.metadata(provider.issuer), token)
    kind = header.get("typ", "")
    verify.check_logout_token(
        told, issuer=provider.issuer, client_id=provider.client_id, kind=kind if isinstance(kind, str) else "?"
    )
    verify.check_recent(told, OLDEST)
    subject, sid = (told.get(name) if isinstance(told.get(name), str) else "" for name in ("sub", "sid"))
    async with house.db.transaction(org_id) as tx:
        if not await store.use_logout_token(tx, provider.issuer, marks.fingerprint(told["jti"]), REMEMBERED):
            raise verify.Refused("The logout token was taken before (jti).")
        found = await store.sessions_from(
            tx, issuer=provider.issuer, client_id=provider.client_id, subject=subject or "", sid=sid or ""
        )
        ended = await people.end_sessions_of(tx, found)
        for session_id in ended:
            detail = {"by": "provider", "provider": provider.name}
            await record(tx, None, "session.ended", f"sessions/{session_id}", detail)
    return len(ended)
