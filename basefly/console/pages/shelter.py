"""The page that the browser keeps for when the hub cannot be reached."""

from __future__ import annotations

from basefly.base.web import PUBLIC, Request, Response, get, render


@get("/offline", permission=PUBLIC, include_in_schema=False)
async def show_offline(request: Request) -> Response[str]:
    """What to show when nothing of what was asked for is kept. It holds nothing of anybody."""
    return render(request, "console/fleet/offline.html")


HANDLERS = (show_offline,)
