"""Where a person types the code of a device, sees who asks, and decides."""

from __future__ import annotations

from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Form, Request, Response, get, post, render
from basefly.base.web.language import t
from basefly.core.machines import actions
from basefly.core.machines.model import Asking


@get("/device", permission=SIGNED_IN)
async def device_page(request: Request, house: House, by: Principal) -> Response[str]:
    """The form for the code; with a code, who asks. Nothing is decided by looking."""
    code = request.query_params.get("code", "")[:40]
    if not code:
        return _page(request)
    try:
        return _page(request, code=code, asking=await actions.find(house, by, code))
    except BaseflyError as error:
        return _page(request, code=code, error=error)


@post("/device", permission=SIGNED_IN)
async def decide(request: Request, house: House, by: Principal, form: Form) -> Response[str]:
    """Approves or refuses, as the pressed button says."""
    code, approve = form.text("code")[:40], form.text("act") == "approve"
    try:
        machine = await actions.decide(house, by, code, approve=approve)
    except BaseflyError as error:
        return _page(request, code=code, error=error)
    said = t("{name} is signed in as you. You can close this page.", name=machine)
    return _page(request, said=said if approve else t("{name} was refused.", name=machine), approved=approve)


def _page(
    request: Request,
    *,
    code: str = "",
    asking: Asking | None = None,
    error: BaseflyError | None = None,
    said: str = "",
    approved: bool = False,
) -> Response[str]:
    status = error.status if error else 200
    return render(
        request,
        "machines/device.html",
        status=status,
        code=code,
        asking=asking,
        error=error,
        said=said,
        approved=approved,
    )


HANDLERS = (device_page, decide)
