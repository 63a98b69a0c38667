"""The headers that a cluster gets: of the caller's only those on a list, and who they are. Pure.

The hub's account may impersonate, so a request that got through without saying for whom would run with all its rights.
`seal` looks at the very bytes that are about to go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from basefly.base.errors import BaseflyError, Denied
from basefly.core.gateway.model import Identity

Headers = Sequence[tuple[bytes, bytes]]

_PASSED = re.compile(
    rb"accept(-.+)?|content-(type|length|encoding|language|md5)|user-agent|if-.+|sec-websocket-.+|range"
    rb"|x-stream-protocol-version|kubectl-(command|session)"
)
_UPGRADES = (b"websocket", b"spdy/3.1")
_ASKED_FOR_ANOTHER = re.compile(rb"impersonate-.+")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


class NotSealed(BaseflyError):
    """A request was about to leave without saying for whom. It did not."""

    code, title = "not_sealed", "The hub kept a request back"


def rebuilt(given: Iterable[tuple[bytes, bytes]], who: Identity, *, upgrade: bool) -> list[tuple[bytes, bytes]]:
    """The headers to send: the caller's that are on the list, then who the caller is. Raises Denied for `--as`.

    `upgrade` says whether this act may become something else than HTTP.
    """
    given = [(name.lower().replace(b"_", b"-"), value) for name, value in given]
    if any(_ASKED_FOR_ANOTHER.fullmatch(name) for name, _ in given):
        raise Denied(
            "Nobody can act as someone else through the hub.",
            cure="Leave out --as, --as-group and --as-uid; the hub tells the cluster who you are.",
        )
    passed = [(name, value) for name, value in given if _PASSED.fullmatch(name)]
    switched = next((value for name, value in given if name == b"upgrade"), b"")
    if switched and not (upgrade and switched.lower() in _UPGRADES):
        raise Denied("This request may not become another protocol.", cure="Send it without Upgrade.")
    if switched:
        passed += [(b"connection", b"Upgrade"), (b"upgrade", switched)]
    if any(name == b"transfer-encoding" for name, _ in given):
        passed = [(name, value) for name, value in passed if name != b"content-length"]
        passed.append((b"transfer-encoding", b"chunked"))
    return [*passed, *_impersonating(who)]


def seal(head: bytes) -> None:
    """Raise NotSealed unless the head of a request names exactly one user, not one of Kubernetes' own, and a group."""
    lines = head.split(b"\r\n")[1:]
    said = [tuple(part.strip() for part in line.partition(b":")[::2]) for line in lines if line]
    names = [name.lower() for name, _ in said]
    users = [value for name, value in said if name.lower() == b"impersonate-user"]
    groups = [value for name, value in said if name.lower() == b"impersonate-group"]
    whole = len(users) == 1 and users[0] and groups and all(groups)
    ours = not any(value.startswith(b"system:") for value in (*users, *groups))
    strays = any(name.startswith((b"x-remote-", b"cookie", b"proxy-")) for name in names)
    if not whole or not ours or strays or names.count(b"authorization") > 1 or names.count(b"host") != 1:
        raise NotSealed("A request did not say for whom it is, and was not sent.", cure="Report this: it is a fault.")


def _impersonating(who: Identity) -> list[tuple[bytes, bytes]]:
    headers = [("Impersonate-User", who.user), ("Impersonate-Uid", who.uid)]
    headers += [("Impersonate-Group", group) for group in who.groups]
    headers += [(f"Impersonate-Extra-{quote(key, safe='')}", value) for key, value in who.extra]
    return [(name.encode("ascii"), _UNSAFE.sub("", value).encode()) for name, value in headers]
