"""Where an organization's people sign in, the way to the provider and back, and one's own identities.

The way to the provider begins with a link, because a form of ours may not lead elsewhere (form-action); nothing is
changed by it but a short-lived row, and nothing comes of that but in the same browser.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import (
    PUBLIC,
    SIGNED_IN,
    Cookie,
    Form,
    Request,
    Response,
    get,
    pending_token,
    post,
    redirect,
    render,
)
from basefly.base.web.language import t
from basefly.core.access.actions import authenticate
from basefly.core.federation import actions, flow, logout
from basefly.core.federation.flow import CALLBACK
from basefly.core.federation.issuers import ProviderFailed
from basefly.core.federation.verify import Refused
from basefly.core.identity import browser, signing


@get("/sso", permission=PUBLIC)
async def organization_page(request: Request) -> Response[Any]:
    """Asks for the organization's sign-in name, and leads to its page; whether there is such a one it does not say."""
    if name := request.query_params.get("name", "").strip().lower():
        return redirect(f"/sign-in/{quote(name[:63], safe='')}?{_next(request)}")
    return render(request, "federation/organization.html", next=request.query_params.get("next", "/"))


@get("/sign-in/{slug:str}", permission=PUBLIC)
async def sign_in_page(request: Request, house: House, slug: str) -> Response[str]:
    """The providers of an organization. One that does not exist looks like one that has none."""
    _, offers = await actions.offers(house, slug)
    next_ = request.query_params.get("next", "/")
    return render(request, "federation/sign-in.html", slug=slug, offers=offers, next=next_)


@get("/sign-in/{slug:str}/{provider_id:uuid}", permission=PUBLIC)
async def set_out(request: Request, house: House, slug: str, provider_id: UUID) -> Response[Any]:
    """Leads to the provider."""
    org_id, offers = await actions.offers(house, slug)
    if org_id is None or provider_id not in [offer.id for offer in offers]:
        return _failed(request, Unauthenticated(t("There is no such way to sign in.")))
    words = request.query_params
    try:
        link = await _waiting(request, org_id) if words.get("link") else None
        began = await flow.begin(
            house, org_id, provider_id, browser.origin(request), next_=words.get("next", "/"), link=link
        )
    except BaseflyError as error:
        return _failed(request, error)
    answer = Response(None, status_code=303, headers={"Location": began.address}, media_type="text/plain")
    answer.set_cookie(_cookie(house, began.browser.reveal(), int(flow.LIFETIME.total_seconds())))
    return answer


@get(CALLBACK, permission=PUBLIC)
async def come_back(request: Request, house: House) -> Response[Any]:
    """Where the provider sends the browser back to: begins the session, or says why not."""
    words = request.query_params
    returned = flow.Returned(words.get("state", ""), words.get("code", ""), words.get("iss"), words.get("error", ""))
    given = request.cookies.get(_name(house), "")
    try:
        by, waiting = await _visitor(request), pending_token(request)
        done = await flow.finish(house, returned, given, browser.origin(request), by=by, waiting=waiting)
        answer: Response[Any] = redirect(done.next)
        if done.session:
            answer.set_cookie(browser.kept(house, done.session))
            answer.set_cookie(browser.came(house))
        if done.waiting:
            answer = redirect(f"/sign-in/second-step?{urlencode({'next': done.next})}")
            answer.set_cookie(browser.waiting(house, done.waiting.reveal()))
    except BaseflyError as error:
        answer = _failed(request, error)
    answer.set_cookie(_cookie(house, "", 0))
    return answer


@post("/sso/logout/{org_id:uuid}/{provider_id:uuid}", permission=PUBLIC, status_code=200)
async def sign_out_there(
    request: Request, house: House, form: Form, org_id: UUID, provider_id: UUID
) -> Response[dict[str, str]]:
    """The provider's back channel: someone signed out there (OpenID Connect Back-Channel Logout 1.0, 2.8)."""
    try:
        await logout.end(house, org_id, provider_id, form.raw("logout_token"), browser.origin(request))
    except (Refused, ProviderFailed) as error:
        said = {"error": "invalid_request", "error_description": error.detail}
        return Response(said, status_code=400, media_type="application/json", headers={"Cache-Control": "no-store"})
    return Response({}, status_code=200, media_type="application/json", headers={"Cache-Control": "no-store"})


@get("/settings/identities", permission=SIGNED_IN)
async def identities_page(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """One's own identities at providers."""
    return await _identities(request, tx, by)


@post("/settings/identities", permission=SIGNED_IN)
async def link_identity(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Sets out to link one: the answer is a page that leads on."""
    try:
        provider_id = UUID(form.text("provider"))
        began = await flow.begin(
            house, by.org_id, provider_id, browser.origin(request), next_="/settings/identities", link=by
        )
    except (ValueError, BaseflyError) as error:
        told = error if isinstance(error, BaseflyError) else BaseflyError(t("There is no such way to sign in."))
        async with house.db.transaction(by.org_id) as tx:
            return await _identities(request, tx, by, error=told)
    answer = render(request, "federation/going.html", address=began.address)
    answer.set_cookie(_cookie(house, began.browser.reveal(), int(flow.LIFETIME.total_seconds())))
    return answer


@post("/settings/identities/unlinkings", permission=SIGNED_IN)
async def unlink_identity(tx: Tx, by: Principal, form: Form) -> Response[None]:
    """Unlinks one of one's own."""
    await actions.unlink(tx, by, form.text("issuer"), form.text("subject"))
    return redirect("/settings/identities")


async def _identities(request: Request, tx: Tx, by: Principal, error: BaseflyError | None = None) -> Response[str]:
    linked, offers = await actions.linked(tx, by), await actions.own_offers(tx)
    status = error.status if error else 200
    rows = [msgspec.structs.asdict(each) for each in linked]
    return render(request, "federation/identities.html", status=status, linked=rows, offers=offers, error=error)


async def _visitor(request: Request) -> Principal | None:
    """Who is signed in already, which counts only for linking."""
    try:
        return await authenticate(request, touch=False)
    except Unauthenticated:
        return None


async def _waiting(request: Request, org_id: UUID) -> Principal:
    """Whose sign-in waits in this browser for this organization's provider, and gets it linked on coming back."""
    account = await signing.waiting(request.house.db, pending_token(request))
    if account.home_org_id != org_id:
        raise Unauthenticated(t("There is no such way to sign in."))
    return signing.acting(account)


def _failed(request: Request, error: BaseflyError) -> Response[str]:
    return render(request, "federation/failed.html", status=error.status, error=error)


def _next(request: Request) -> str:
    return f"next={quote(request.query_params.get('next', '/'), safe='')}"


def _name(house: House) -> str:
    return "__Host-basefly-sso" if house.settings.url.startswith("https://") else "basefly-sso"


def _cookie(house: House, value: str, seconds: int) -> Cookie:
    """What binds a sign-in to the browser that began it. Lax, because the way back is a link from elsewhere."""
    secure = house.settings.url.startswith("https://")
    return Cookie(
        key=_name(house), value=value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


HANDLERS = (
    organization_page,
    sign_in_page,
    set_out,
    come_back,
    sign_out_there,
    identities_page,
    link_identity,
    unlink_identity,
)
