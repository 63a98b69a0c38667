"""What the hub says when asked: is it there, does its database answer, are we signed in, how are the clusters."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from basefly import __version__
from basefly.cli import account
from basefly.cli.client.hub import Hub
from basefly.cli.diagnosis.finding import Finding
from basefly.cli.exits import Exit, Failure
from basefly.cli.show import values

PATIENCE = 10.0  # seconds
NAMED = 3  # kinds in clusters that a finding names
SKEW = 30.0  # seconds by which clocks may differ


def look() -> Iterator[Finding]:
    """Findings about the hub; whatever does not answer ends the list."""
    here = account.current()
    with Hub(here.url, here.token, answer=PATIENCE) as hub:
        try:
            yield from _presence(hub)
            yield from _insight(hub)
        except Failure as failure:
            yield _trouble(failure)


def _presence(hub: Hub) -> Iterator[Finding]:
    started = time.monotonic()
    answer = hub.send("GET", "/health/live")
    took = (time.monotonic() - started) * 1000
    yield Finding("hub", "ok", f"{hub.url} answers in {took:.0f} ms.")
    try:
        hub.get("/health/ready")
        yield Finding("hub's database", "ok", "It answers the hub.")
    except Failure as failure:
        yield Finding("hub's database", "wrong", failure.what, failure.cure or "See the hub's log.")
    yield from _clock(answer.headers.get("Date", ""))


def _clock(date: str) -> Iterator[Finding]:
    """Ages and expiries mislead where clocks differ."""
    try:
        off = abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return
    if off > SKEW:
        yield Finding("clocks", "warning", f"The hub's clock differs by {off:.0f} s from this one.", "Set both by NTP.")


def _insight(hub: Hub) -> Iterator[Finding]:
    if not hub.signed_in:
        yield Finding(
            "sign-in", "unknown", "You are not signed in, so the clusters could not be looked at.", "basefly login"
        )
        return
    me = hub.get("/me")
    yield Finding("sign-in", "ok", f"{me['email']}, {me['role'] or 'member'} of {me['organization']['name']}.")
    yield _versions(hub.version())
    clusters = [cluster for page in hub.pages("/clusters", {"limit": 500}) for cluster in page["items"]]
    yield from _clusters(clusters)
    if clusters:
        yield _told(hub, "/unreadable", "objects", lambda found: _unreadable(found["items"]))
    if "clusters:write" in me["permissions"]:
        yield _told(hub, "/hub/processes", "processes", _processes)


def _told(hub: Hub, path: str, name: str, finding: Callable[[dict[str, Any]], Finding]) -> Finding:
    """What the hub says of it; one that is older than the question is not at fault."""
    try:
        return finding(hub.get(path))
    except Failure as failure:
        if failure.exit_code is not Exit.NOT_FOUND:
            raise
        return Finding(name, "unknown", "The hub does not tell; it is older than this command.")


def _processes(found: dict[str, Any]) -> Finding:
    """Who runs the hub, and whether somebody follows every cluster."""
    roles = Counter(role for one in found["items"] for role in one["roles"])
    detail = f"{len(found['items'])} run: {', '.join(f'{count} {role}' for role, count in sorted(roles.items()))}."
    if unfollowed := found["unfollowed"]:
        first = unfollowed[0]
        detail += f" {len(unfollowed)} clusters are not followed, such as {first['name']}: {first['reason']}."
        return Finding("processes", "wrong", detail, "basefly serve --role sync, for the regions that have none")
    return Finding("processes", "ok", detail)


def _versions(theirs: str) -> Finding:
    if theirs == __version__:
        return Finding("versions", "ok", f"Both {theirs}.")
    detail = f"The hub is {theirs}, this command {__version__}."
    return Finding("versions", "warning", detail, "Bring both to the same version.")


def _clusters(clusters: list[dict[str, Any]]) -> Iterator[Finding]:
    sick = [cluster for cluster in clusters if cluster["health"] != "healthy"]
    well = f"{len(clusters) - len(sick)} of {len(clusters)} are healthy."
    if not clusters:
        yield Finding("clusters", "ok", "None yet; `basefly clusters register` brings the first.")
        return
    yield Finding("clusters", "ok" if not sick else "warning", well)
    for cluster in sick:
        reason = cluster.get("health_reason") or "it has not answered yet"
        seen = f" Last answer {values.age(cluster['as_of'])} ago." if cluster.get("as_of") else ""
        state = cluster["health"]
        cure = f"basefly clusters show {cluster['name']}; new credentials: basefly clusters rotate {cluster['name']}"
        yield Finding(
            f"  {cluster['name']}",
            "wrong" if state == "unreachable" else "warning",
            f"{state}: {reason.rstrip('.')}.{seen}",
            cure,
        )


def _unreadable(found: list[dict[str, Any]]) -> Finding:
    if not found:
        return Finding("objects", "ok", "Every object can be read.")
    places = [f"{one['count']} {one['resource']} in {one['cluster']['name']}" for one in found]
    more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
    detail = f"Some cannot be read and are set aside: {', '.join(places[:NAMED])}{more}."
    return Finding("objects", "warning", detail, "basefly unreadable")


def _trouble(failure: Failure) -> Finding:
    if failure.exit_code is Exit.NOT_SIGNED_IN:
        return Finding("sign-in", "wrong", failure.what, failure.cure)
    name = "hub" if failure.exit_code is Exit.UNREACHABLE else "answer"
    cure = failure.cure.replace(" `basefly doctor` looks closer.", "")
    return Finding(name, "wrong", failure.what, cure)
