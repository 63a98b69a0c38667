"""Sign in from the browser: show a code, and ask the hub until someone has decided (RFC 8628)."""

from __future__ import annotations

import socket
import time

from basefly.cli import account, terminal
from basefly.cli.account import Login
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.show import values
from basefly.cli.signin import login

SLOWER = 5.0  # seconds more between two questions when the hub says that we ask too often


def sign_in(url: str) -> None:
    """Show a code and an address; once approved there, remember the token of this machine."""
    address = account.current(url).url
    login.warn_if_overheard(address)
    with Hub(address) as hub:
        machine = socket.gethostname()[:60] or "command line"
        begun = hub.post("/device-sign-ins", {"machine": machine})
        terminal.say(f"Open    {begun['verification_uri']}")
        terminal.say(f"Type    {begun['user_code']}")
        terminal.note(f"Or open {begun['verification_uri_complete']}", "dim")
        terminal.note("Waiting until you approve it there…", "dim")
        terminal.flush()
        granted = _granted(hub, begun)
    place = account.remember(address, Login(granted["access_token"], granted["email"], granted["token_id"]))
    ends = values.moment(granted.get("expires_at"))
    until = f" until {ends:%Y-%m-%d}" if ends else ""
    terminal.say(f"Signed in to {address} as {terminal.clean(granted['email'])}{until}.")
    terminal.note(f"The token is in {place}, readable by you alone.", "dim")


def _granted(hub: Hub, begun: dict[str, object]) -> dict[str, str]:
    """The token, once someone approved; a Failure when they refused or nobody did in time."""
    pause = float(str(begun["interval"]))
    until = time.monotonic() + float(str(begun["expires_in"]))
    while time.monotonic() < until:
        time.sleep(pause)
        try:
            granted: dict[str, str] = hub.post("/device-sign-ins/token", {"device_code": begun["device_code"]})
        except Failure as failure:
            if failure.code == "slow_down":
                pause += SLOWER
            elif failure.code in ("access_denied", "expired_token"):
                raise Failure(failure.what, cure=failure.cure, exit_code=Exit.NOT_SIGNED_IN) from None
            elif failure.code != "authorization_pending":
                raise
            continue
        return granted
    raise Failure("Nobody approved it in time.", cure="Begin again.", exit_code=Exit.NOT_SIGNED_IN)
