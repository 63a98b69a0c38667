"""The hub that commands speak to, opened as whoever is signed in."""

from __future__ import annotations

from typing import Any

from basefly.cli import account
from basefly.cli.client import http
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure


def connect(*, answer: float | None = http.ANSWER) -> Hub:
    """A connection as whoever is signed in; raises Failure if nobody is. `answer` is its patience, None without end."""
    here = account.current()
    if not here.token:
        raise Failure(
            f"You are not signed in to {here.url}.",
            cure="`basefly login`, or `basefly setup` on a hub that has no owner yet.",
            exit_code=Exit.NOT_SIGNED_IN,
        )
    return Hub(here.url, here.token, answer=answer)


def find_cluster(hub: Hub, word: str, *, removed: bool = False) -> dict[str, Any]:
    """The cluster of this name or id; removed ones only if asked for."""
    params: dict[str, Any] = {"limit": 500} | ({"removed": True} if removed else {})
    names = []
    for page in hub.pages("/clusters", params):
        for cluster in page["items"]:
            if word in (cluster["id"], cluster["name"]):
                return dict(cluster)
            names.append(cluster["name"])
    near = similar(word, names)
    cure = f"Did you mean {near}?" if near else "`basefly clusters list` shows those that are there."
    raise Failure(f"There is no {'removed ' if removed else ''}cluster {word!r}.", cure=cure, exit_code=Exit.NOT_FOUND)


def similar(word: str, known: list[str]) -> str:
    """The nearest known word, if one is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), "")
