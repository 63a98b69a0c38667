"""The versions of this command and of the hub."""

from __future__ import annotations

from basefly import __version__
from basefly.cli import account, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Failure


def tell() -> None:
    """Ours always; the hub's if it answers."""
    terminal.say(f"basefly {__version__}")
    here = account.current()
    try:
        with Hub(here.url, here.token, answer=3.0) as hub:
            terminal.say(f"hub     {hub.version()}   {here.url}")
    except Failure as failure:
        terminal.note(failure.what, "dim")
