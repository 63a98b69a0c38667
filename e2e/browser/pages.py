"""Which pages there are, made from the routes, and where to go to see each of them in every state worth a look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from basefly.app import SLICES
from basefly.base.web.openapi import docs
from e2e.browser import shells
from e2e.hub import Hub

TABS = ("events", "namespaces", "settings", "workloads")
ALIVE, DEAD = "alive", "dead"


class Visit(NamedTuple):
    """An address with holes for what only a running hub knows; a page that is `refused` says what is wrong."""

    path: str
    refused: bool = False


TEAM = {"name": "Site reliability", "description": "Keeps it running"}
ACCOUNT = {"name": "CI", "role": "operator"}
PROVIDER = {  # nobody asks it
    "name": "Acme ID",
    "issuer": "https://id.acme.example",
    "client_id": "basefly",
    "groups_claim": "groups",
    "group_names": {"a3f1": "platform"},
    "domains": ["acme.example"],
}
OTHER = {"email": "kim@example.com", "name": "Kim", "password": "five geese in the reeds", "role": "viewer"}

# Addresses of each route. A route that is missing here fails tests/browser/test_routes.py.
VISITS: Mapping[str, tuple[Visit, ...]] = {
    "/": (Visit("/"),),
    "/access": (Visit("/access"),),
    "/access/elevations": (Visit("/access/elevations"), Visit("/access/elevations?new=true")),
    "/access/explanation": (
        Visit("/access/explanation"),
        Visit("/access/explanation?permission=clusters:write&cluster={alive}"),
        Visit("/access/explanation?permission=no:such", refused=True),
    ),
    "/access/grants": (Visit("/access/grants"), Visit("/access/grants?subject=user/{me}")),
    "/access/invitations": (Visit("/access/invitations"), Visit("/access/invitations?new=true")),
    "/access/members/{member_id}": (
        Visit("/access/members/{me}"),
        Visit("/access/members/00000000-0000-4000-8000-000000000000", refused=True),
    ),
    "/access/members/{member_id}/factor-removals": (
        Visit("/access/members/{other}/factor-removals"),
        Visit("/access/members/{me}/factor-removals", refused=True),
    ),
    "/access/roles": (Visit("/access/roles"),),
    "/access/roles/{role_id}": (Visit("/access/roles/operator"), Visit("/access/roles/no-such-role", refused=True)),
    "/access/teams": (Visit("/access/teams"),),
    "/access/teams/{team_id}": (Visit("/access/teams/{team}"),),
    "/agents": (Visit("/agents"),),
    "/access/visibility": (Visit("/access/visibility"),),
    "/api/docs": (Visit("/api/docs"),),
    "/api/docs/{operation}": (
        Visit("/api/docs/create_grant"),
        Visit("/api/docs/list_objects"),
        Visit("/api/docs/no-such-operation", refused=True),
    ),
    "/apply": (Visit("/apply"), Visit("/apply?cluster={alive}")),
    "/audit": (
        Visit("/audit"),
        Visit("/audit?act=no.such&outcome=failed&since=2020-01-01&until=2020-01-02"),
        Visit("/audit?cursor=nonsense", refused=True),
    ),
    "/audit/records/{record_id}": (
        Visit("/audit/records/{record}"),
        Visit("/audit/records/00000000-0000-4000-8000-000000000000", refused=True),
    ),
    "/audit/settings": (Visit("/audit/settings"),),
    "/changes": (Visit("/changes"), Visit("/changes?q=nowhere"), Visit("/changes?cursor=nonsense", refused=True)),
    "/changes/settings": (Visit("/changes/settings"),),
    "/cluster-changes": (
        Visit("/cluster-changes?cluster={alive}"),
        Visit("/cluster-changes?cluster={dead}&do=disconnect"),
    ),
    "/clusters": (Visit("/clusters"), Visit("/clusters?health=unreachable"), Visit("/clusters?removed=true")),
    "/clusters/{cluster}": (
        Visit("/clusters/{alive}"),
        Visit("/clusters/{dead}"),
        Visit("/clusters/00000000-0000-4000-8000-000000000000", refused=True),
    ),
    "/clusters/{cluster}/objects/{resource}/{name}": tuple(
        Visit(f"{{{name}}}") for name in ("pod", "deployment", "secret", "node", "lost_pod")
    ),
    "/clusters/{cluster}/objects/{resource}/{name}/edit": (Visit("{edit}"),),
    "/clusters/{cluster}/objects/{resource}/{name}/revisions": (Visit("{revisions}"),),
    "/clusters/{cluster}/objects/{resource}/{name}/graph": (Visit("{graph}"),),
    "/logs": (Visit("/logs"), Visit("/logs?labels=app=nobody"), Visit("/logs?labels=a+b", refused=True)),
    "/clusters/{cluster}/objects/{resource}/{name}/history": (
        Visit("{history}"),
        Visit("{history}&at=2001-01-01T00:00", refused=True),
    ),
    "/clusters/{cluster}/objects/{resource}/{name}/logs": (Visit("{logs}"),),
    "/clusters/{cluster}/objects/{resource}/{name}/terminal": (Visit("{terminal}"), Visit("{no_terminal}")),
    "/clusters/{cluster}/namespaces/{name}": (Visit("/clusters/{alive}/namespaces/{namespace}"),),
    **{f"/clusters/{{cluster}}/{tab}": (Visit(f"/clusters/{{alive}}/{tab}"),) for tab in TABS},
    "/clusters/{cluster}/drains": (Visit("/clusters/{alive}/drains"), Visit("/clusters/{dead}/drains")),
    "/clusters/{cluster}/drains/new": (
        Visit("/clusters/{alive}/drains/new"),
        Visit("/clusters/{alive}/drains/new?node={node_name}"),
        Visit("/clusters/{alive}/drains/new?node=no-such-node", refused=True),
    ),
    "/clusters/{cluster}/drains/{drain_id}": (
        Visit("/clusters/{alive}/drains/{drain}"),
        Visit("/clusters/{alive}/drains/00000000-0000-4000-8000-000000000000", refused=True),
    ),
    "/clusters/{cluster}/nodes": (Visit("/clusters/{alive}/nodes"), Visit("/clusters/{dead}/nodes")),
    "/connect": (Visit("/connect"),),
    "/connect/access": (Visit("/connect/access?name=another"),),
    "/connect/agent": (Visit("/connect/agent"), Visit("/connect/agent?cluster={alive}")),
    "/connect/agent/{token_id}": (Visit("/connect/agent/{agent_token}"),),
    "/connect/install": (Visit("/connect/install?name=another"),),
    "/connect/verify/{cluster}": (Visit("/connect/verify/{alive}"),),
    "/device": (Visit("/device"), Visit("/device?code=BCDF-GHJK", refused=True)),
    "/events": (Visit("/events"),),
    "/forgot-password": (Visit("/forgot-password"),),
    "/gallery": (Visit("/gallery"),),
    "/gallery/states": (Visit("/gallery/states"),),
    "/invitation": (Visit("/invitation"),),
    "/images": (Visit("/images"), Visit("/images?q=no-such-image")),
    "/namespaces": (Visit("/namespaces"),),
    "/nodes": (Visit("/nodes"),),
    "/objects": (Visit("/objects"),),
    "/objects/{resource}": (
        Visit("/objects/secrets"),
        Visit("/objects/namespaces"),
        Visit("/objects/horizontalpodautoscalers.autoscaling"),
        Visit("/objects/no-such-kind", refused=True),
    ),
    "/offline": (Visit("/offline"),),
    "/pods": (
        Visit("/pods"),
        Visit("/pods?cluster={alive_name}&sort=-name"),
        Visit("/pods?q=no-such-pod"),
        Visit("/pods?labels=a=b,,c", refused=True),
    ),
    "/reset-password": (Visit("/reset-password"),),
    "/scope": (Visit("/scope"),),
    "/search": (Visit("/search?q=a"), Visit("/search?q=no-such-thing"), Visit("/search")),
    "/confirm": (Visit("/confirm?next=/settings"),),
    "/service-accounts": (Visit("/service-accounts"),),
    "/service-accounts/{account_id}": (
        Visit("/service-accounts/{account}"),
        Visit("/service-accounts/00000000-0000-4000-8000-000000000000", refused=True),
    ),
    "/recordings": (Visit("/recordings"), Visit("/recordings?q=heron"), Visit("/recordings?pod=no-such-pod")),
    "/recordings/{recording_id}": (
        Visit("/recordings/{recording}"),
        Visit("/recordings/00000000-0000-4000-8000-000000000000", refused=True),
    ),
    "/settings": (Visit("/settings"),),
    "/object-changes": (
        Visit("/object-changes?do=scale&object={change}"),
        Visit("/object-changes?do=delete&object={change}"),
        Visit("/object-changes?do=label&object={change}"),
        Visit("/object-changes?do=rollback&object={change}"),
        Visit("/object-changes?do=restart"),
        Visit("/object-changes?do=explode", refused=True),
    ),
    "/settings/data": (Visit("/settings/data"),),
    "/settings/identities": (Visit("/settings/identities"),),
    "/settings/second-factor": (Visit("/settings/second-factor"),),
    "/settings/security": (Visit("/settings/security"),),
    "/settings/security/passkeys": (Visit("/settings/security/passkeys"),),
    "/sign-in": (Visit("/sign-in"), Visit("/sign-in?next=/settings")),
    "/sign-in/{slug}": (Visit("/sign-in/acme"), Visit("/sign-in/no-such-name")),
    "/single-sign-on": (Visit("/single-sign-on"),),
    "/single-sign-on/{provider_id}": (
        Visit("/single-sign-on/{provider}"),
        Visit("/single-sign-on/00000000-0000-4000-8000-000000000000", refused=True),
    ),
    "/sso": (Visit("/sso"),),
    "/sso/callback": (Visit("/sso/callback", refused=True),),
    "/unreadable": (Visit("/unreadable"),),
    "/verify-email": (Visit("/verify-email"),),
    "/views": (Visit("/views"), Visit("/views?at=/pods")),
    "/workloads": (Visit("/workloads"), Visit("/workloads?group=app"), Visit("/workloads?q=no-such-one")),
    "/workloads/{resource}": (Visit("/workloads/statefulsets.apps"),),
}
# Answers to GET that are no pages of a hub that is set up.
NO_PAGES: Mapping[str, str] = {
    "/sign-in/{slug}/{provider_id}": "leads to the provider; tests/core/federation/test_journey.py goes there",
    "/settings/data/exports/{export_id}": "one's own data as a file; tests/core/privacy/test_privacy.py looks at it",
    "/setup": "answers once in a hub's life; tests/core/access/test_setup_pages.py looks at it",
    "/settings/security/totp": "leads away until an app is set up; tests/browser/test_security.py looks at it",
    "/sign-in/second-step": "leads away until a password was given; tests/browser/test_security.py looks at it",
    **dict.fromkeys(
        (
            "/audit/export",
            "/events/export",
            "/nodes/export",
            "/objects/{resource}/export",
            "/pods/export",
            "/workloads/{resource}/export",
        ),
        "a list as a file; tests/core/lists/test_export.py looks at it",
    ),
}


def routes() -> set[str]:
    """Every route that answers GET with a page, with its holes as {name}."""
    handlers = [docs.index, docs.page, *(handler for slice_ in SLICES for handler in slice_.pages)]
    paths = {path for handler in handlers if "GET" in handler.http_methods for path in handler.paths}
    return {re.sub(r":[a-z]+\}", "}", path) for path in paths} - NO_PAGES.keys()


def visits(hub: Hub, alive: str = ALIVE, dead: str = DEAD) -> Iterator[tuple[str, bool]]:
    """Every address to look at in a hub with a living and a dead cluster, and whether it is refused there."""
    places = _places(hub, alive, dead)
    for route in sorted(VISITS):
        yield from ((visit.path.format(**places), visit.refused) for visit in VISITS[route])


def _places(hub: Hub, alive: str, dead: str) -> dict[str, str]:
    """Paths of one object of several kinds, the ids of the clusters, and the living one's name."""
    clusters = {ALIVE: hub.cluster(alive)["id"], DEAD: hub.cluster(dead)["id"], "alive_name": alive}
    objects = {"pod": "pods", "deployment": "deployments.apps", "secret": "secrets", "node": "nodes"}
    found = {name: _path(hub, clusters[ALIVE], resource) for name, resource in objects.items()}
    deployment = hub.get("/objects/deployments.apps", cluster=clusters[ALIVE], limit=1)["items"][0]
    found["change"] = f"{clusters[ALIVE]}/deployments.apps/{deployment['namespace']}/{deployment['name']}"
    found |= {
        "namespace": deployment["namespace"],
        "graph": found["deployment"].replace("?", "/graph?"),
        "history": found["deployment"].replace("?", "/history?"),
        "logs": found["deployment"].replace("?", "/logs?"),
        "edit": found["deployment"].replace("?", "/edit?"),
        "revisions": found["deployment"].replace("?", "/revisions?"),
    }
    found["node_name"] = found["node"].rpartition("/")[2]
    found["drain"] = hub.get("/drains", cluster=clusters[ALIVE])["items"][0]["id"]
    running = shells.running(hub, clusters[ALIVE])
    found |= {"terminal": shells.page(clusters[ALIVE], running), "recording": shells.recording(hub, clusters[ALIVE])}
    found["no_terminal"] = shells.page(clusters[ALIVE], {"namespace": "default", "name": "a-crashing-pod"})
    found["record"] = hub.get("/audit", limit=1)["items"][0]["id"]
    found["provider"] = _first(hub, "/identity-providers", PROVIDER)
    found["agent_token"] = _first(hub, "/agent-tokens", {"name": "spare"})
    found["account"] = _first(hub, "/service-accounts", ACCOUNT)
    return clusters | found | _people(hub) | {"lost_pod": _path(hub, clusters[DEAD], "pods")}


def _people(hub: Hub) -> dict[str, str]:
    """Whoever is signed in, someone else, and a team."""
    team = _first(hub, "/teams", TEAM)
    me = hub.get("/me")["id"]
    members = [each for each in hub.get("/members")["items"] if each["id"] != me and "@service." not in each["email"]]
    other = members[0] if members else hub.post("/members", OTHER)
    return {"me": me, "team": team, "other": other["id"]}


def _first(hub: Hub, path: str, wish: Mapping[str, object]) -> str:
    """The id of the first of a list, which is made where there is none."""
    there = hub.get(path)["items"]
    return str((there[0] if there else hub.post(path, wish))["id"])


def _path(hub: Hub, cluster: str, resource: str) -> str:
    row = hub.get(f"/objects/{resource}", cluster=cluster, limit=1)["items"][0]
    namespace = f"?namespace={row['namespace']}" if row["namespace"] else ""
    return f"/clusters/{cluster}/objects/{resource}/{row['name']}{namespace}"
