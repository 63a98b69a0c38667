"""Whatever a stranger asks for: what there is in another organization looks to them like what is nowhere.

Built from the routes of the running application: every route, every method, every kind of credential, every path and
query parameter and every field of a body that can name a thing of Acme's, beside the same request with a name that
nothing has. A new route joins by itself; a new kind of path parameter must be told to routes.py.
"""

from __future__ import annotations

import hashlib
import html
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TypeVar

import psycopg
import pytest

from basefly.app import routed
from tests.conftest import Urls
from tests.isolation.asking import Answer, Asker, forgive, newcomer, with_session, with_token
from tests.isolation.routes import Route, fill, looked_at, routes, unknown
from tests.isolation.world import World, absent, build, own_word, word
from tests.people import Hub, Person, join

# Answers that differ though nobody did wrong, each with its reason.
_ACCOUNTS = "accounts are the hub's: who makes one learns that none can be made with this address; attempts are few"
_ADDRESSES = "sign-in addresses are the hub's, and public: who takes one learns that it is taken"
_PUBLISHED = "a sign-in address tells whoever types it by which providers one signs in there, and leads to them"
EXPLAINED = {
    "POST /api/v1/members": _ACCOUNTS,
    "POST /access/members": _ACCOUNTS,
    "PUT /api/v1/sign-in-address": _ADDRESSES,
    "POST /single-sign-on/address": _ADDRESSES,
    "GET /sign-in/{slug}": _PUBLISHED,
    "GET /sign-in/{slug}/{provider_id}": _PUBLISHED,
}
NO_MAIL = "This hub sends no mail"  # the one of these tests has no relay, and says so
# Reading it is on record, or that a token may not read it: so the reader's own audit tells what they asked for.
RECORDED = {
    "GET /access/members/{member_id}/factor-removals",
    "GET /api/v1/audit/export",
    "GET /api/v1/audit/export/csv",
    "GET /audit/export",
}

GUARDED = {
    "x-content-type-options",
    "referrer-policy",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "x-frame-options",
    "cache-control",
}


@pytest.fixture
def all_routes(hub: Hub) -> list[Route]:
    return routes(routed())


def test_every_path_parameter_is_known(all_routes: list[Route]) -> None:
    assert len(all_routes) > 100
    assert [strange for route in all_routes for strange in unknown(route)] == []


T = TypeVar("T")
Pair = tuple[T, T]  # what there is, and what is nowhere


class Matrix:
    """Asks, compares and counts."""

    def __init__(self, hub: Hub, acme: World) -> None:
        self.hub = hub
        self.acme = acme
        self.asked: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []

    async def compare(
        self, who: str, route: Route, askers: Pair[Asker], things: Pair[Mapping[str, str]], *, words: bool = True
    ) -> None:
        """One request with Acme's things beside the same with things that are nowhere."""
        real, vain = (fill(route, each, words=words) for each in things)
        answers = []
        for asker, sent in zip(askers, (real, vain), strict=True):
            if route.unsafe and not route.governed:
                await forgive(self.hub.house.db)
            answers.append(await asker.ask(route, sent))
        self.asked[who] += 2
        self.statuses.update(answer.status for answer in answers)
        told = self.acme.secrets - {value for _, value in real.values}
        if EXPLAINED.get(route.key) == _PUBLISHED:
            told -= {self.acme.ways[0]["provider"]}
        leaked = [secret for secret in told if secret in answers[0].raw and not _part_of(secret, real.values)]
        if leaked:
            self.wrong.append(f"{who} {route.key}: tells of {leaked}")
        bare = sorted(GUARDED - {name for name, _ in answers[0].headers})
        if bare and not route.path.startswith("/static"):
            self.wrong.append(f"{who} {route.key}: {answers[0].status} without {bare}")
        if answers[0] != answers[1] and route.key not in EXPLAINED:
            self.wrong.append(f"{who} {route.key} {sorted(real.values)}: {_difference(*answers)}")
        outside = EXPLAINED.get(route.key) == _PUBLISHED or NO_MAIL in html.unescape(answers[0].body)
        if min(answer.status for answer in answers) >= 500 and not outside:
            self.wrong.append(f"{who} {route.key}: {answers[0].status} {answers[0].body[:300]}")

    def conclude(self, count: int) -> None:
        """Tell the counts, and fail over whatever is not explained."""
        sys.stdout.write(f"{count} routes, {dict(self.asked)} requests, answered {dict(sorted(self.statuses.items()))},"
              f" {len(self.wrong)} unexplained\n")  # fmt: skip
        assert not self.wrong, "\n".join(self.wrong)


def _part_of(secret: str, values: tuple[tuple[str, str], ...]) -> bool:
    return any(secret in value for _, value in values)


def _difference(one: Answer, other: Answer) -> str:
    if one.status != other.status:
        return f"{one.status} {one.body[:200]} / {other.status} {other.body[:200]}"
    if one.headers != other.headers:
        return f"headers {set(one.headers) ^ set(other.headers)}"
    at = next((i for i, (a, b) in enumerate(zip(one.body, other.body, strict=False)) if a != b), 0)
    return f"{one.status} …{one.body[max(0, at - 80) : at + 120]!r} / …{other.body[max(0, at - 80) : at + 120]!r}"


def amid(route: Route, acme: World, nothing: World, own: World) -> list[tuple[dict[str, str], dict[str, str]]]:
    """One thing of Acme's at a time amid the stranger's own, where a route tells of several."""
    kinds = sorted({kind for name in (*route.parameters, *route.queries) if (kind := route.kind(name))})
    mine, theirs, none = own.ways[0], acme.ways[0], nothing.ways[0]
    return [({**mine, kind: theirs[kind]}, {**mine, kind: none[kind]}) for kind in kinds if len(kinds) > 1]


async def test_a_stranger_reads_nothing_and_cannot_tell_what_there_is(
    hub: Hub, owner: Person, stranger: Person, all_routes: list[Route]
) -> None:
    acme, own, nothing = await build(hub, owner, word()), await build(hub, stranger, own_word()), absent()
    matrix = Matrix(hub, acme)
    asked = looked_at([route for route in all_routes if not route.unsafe])
    async with AsyncExitStack() as stack:
        nobody, bad = await strangers(stack, hub)
        session, token = with_session(stranger), await with_token(stack, hub, stranger)
        for route in asked:
            await matrix.compare("nobody", route, (nobody, nobody), (acme.ways[0], nothing.ways[0]), words=False)
            await matrix.compare("bad credential", route, (bad, bad), (acme.ways[0], nothing.ways[0]), words=False)
            if route.key in RECORDED:
                for credential in ("session", "token"):
                    one, other = [await newcomer(stack, hub, credential) for _ in "12"]
                    await matrix.compare(credential, route, (one, other), (acme.ways[0], nothing.ways[0]))
                continue
            for things, none in zip(acme.ways, nothing.ways, strict=True):
                await matrix.compare("session", route, (session, session), (things, none))
                if route.queries:
                    await matrix.compare("session", route, (session, session), (things, none), words=False)
            await matrix.compare("token", route, (token, token), (acme.ways[1], nothing.ways[1]))
            for things, none in amid(route, acme, nothing, own):
                await matrix.compare("session", route, (session, session), (things, none))
    matrix.conclude(len(asked))


@pytest.mark.parametrize("credential", ["session", "token"])
async def test_a_stranger_changes_nothing_and_cannot_tell_what_there_is(
    hub: Hub, owner: Person, all_routes: list[Route], urls: Urls, credential: str
) -> None:
    """By newcomers, so that no request finds what an earlier one did."""
    acme = await build(hub, owner, word())
    matrix = Matrix(hub, acme)
    before = rows_of(urls, owner)
    asked = looked_at([route for route in all_routes if route.unsafe])
    async with AsyncExitStack() as stack:
        nobody, bad = await strangers(stack, hub)
        for route in asked:
            who = nobody if credential == "session" else bad
            await matrix.compare("no credential", route, (who, who), (acme.ways[0], absent().ways[0]))
            for things, none in zip(acme.ways, absent().ways, strict=True):
                async with AsyncExitStack() as people:
                    one, other = [await newcomer(people, hub, credential) for _ in "12"]
                    await matrix.compare(credential, route, (one, other), (things, none))
    matrix.conclude(len(asked))
    assert rows_of(urls, owner) == before, "a stranger changed something of Acme's"


async def strangers(stack: AsyncExitStack, hub: Hub) -> tuple[Asker, Asker]:
    """Nobody, and whoever has what is no token."""
    http = await stack.enter_async_context(hub.browser())
    return Asker(http, {}), Asker(http, {"Authorization": "Bearer basefly_" + "A" * 60})


PERSONAL = {"session", "token", "export", "passkey"}  # kinds of things that are one's own, also within an organization


async def test_a_colleague_cannot_tell_what_is_personal(hub: Hub, owner: Person, all_routes: list[Route]) -> None:
    acme, nothing = await build(hub, owner, word()), absent()
    matrix = Matrix(hub, acme)
    mine = [route for route in all_routes if {route.kind(name) for name in route.parameters} & PERSONAL]
    for route in mine:
        async with AsyncExitStack() as stack:
            people = [await stack.enter_async_context(join(hub, word(), "viewer", owner.by.org_id)) for _ in "12"]
            one, other = map(with_session, people)
            await matrix.compare("colleague", route, (one, other), (acme.ways[0], nothing.ways[0]), words=False)
    differing = [line for line in matrix.wrong if "tells of" not in line]
    sys.stdout.write(f"{len(mine)} routes, {len(differing)} unexplained\n")
    assert len(mine) >= 4
    assert differing == []
    assert (await owner.http.get("/api/v1/me")).status_code == 200, "their session was ended by another"


def rows_of(urls: Urls, owner: Person) -> dict[str, str]:
    """A digest of every tenant table's rows of this person's organization; what merely notes a use is left out."""
    with psycopg.connect(urls.superuser) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid"
                " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition"
                " and a.attname = 'org_id' and not a.attisdropped"
            )
        ]
        found = {}
        for table in tables:
            # That somebody tried to sign in as one of Acme's is theirs to know, so it is on their record.
            but = {
                "audit_records": "and outcome <> 'refused'",
                "audit_pending": "and record_id not in (select id from audit_records where outcome = 'refused')",
            }.get(table, "")
            rows = f"select t::text from {table} t where org_id = %s {but} order by 1"
            query = f"select string_agg(row, chr(10)) from ({rows}) as found (row)"
            row = connection.execute(query, [owner.by.org_id]).fetchone()
            found[table] = hashlib.sha256(str(row).encode()).hexdigest()
    assert len(found) > 10
    return found
