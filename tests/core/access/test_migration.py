"""Roles of members become grants, and, on the way back, roles again: never more than someone had."""

from __future__ import annotations

import psycopg

from basefly.base.db import migrate
from tests.conftest import Urls

ORG, OTHER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
BEFORE, AFTER = 17, 18
OLD = {"mia": "owner", "ada": "admin", "op": "operator", "vic": "viewer"}


def write(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)


def members(url: str, columns: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        query = f"select u.name, {columns} from members m join users u on u.id = m.user_id where m.org_id = %s"
        return sorted(connection.execute(query, [ORG]).fetchall())


def person(name: str, role: str, org: str = ORG) -> tuple[str, str]:
    user = f"(select id from users where name = '{name}')"
    return (
        f"insert into users (home_org_id, email, name) values ('{org}', '{name}@example.com', '{name}')",
        f"insert into members (org_id, user_id, role) values ('{org}', {user}, '{role}')",
    )


async def test_each_role_is_a_grant_and_comes_back(blank: Urls) -> None:
    await migrate.up(blank.owner, BEFORE)
    write(blank.superuser, *(f"insert into organizations (id, name) values ('{org}', 'x')" for org in (ORG, OTHER)))
    people = [person(name, role) for name, role in OLD.items()] + [person("sam", "owner", OTHER)]
    write(blank.superuser, *(statement for each in people for statement in each))
    write(blank.superuser, "update members set deleted_at = now() where role = 'viewer'")
    await migrate.up(blank.owner, AFTER)
    with psycopg.connect(blank.superuser) as connection:
        found = connection.execute(
            "select u.name, g.role, g.clusters, g.expires_at from grants g join users u on u.id = g.user_id order by 1"
        ).fetchall()
    standing = {**OLD, "sam": "owner"}
    del standing["vic"]
    assert found == [(name, role, "all", None) for name, role in sorted(standing.items())]
    await migrate.down(blank.owner, BEFORE)
    assert members(blank.superuser, "m.role, m.deleted_at is null") == [
        ("ada", "admin", True),
        ("mia", "owner", True),
        ("op", "operator", True),
        ("vic", "viewer", False),
    ]


async def test_on_the_way_back_nobody_gets_more(blank: Urls) -> None:
    await migrate.up(blank.owner, AFTER)
    write(blank.superuser, f"insert into organizations (id, name) values ('{ORG}', 'x')")
    for name, grant in {
        "dev": "role) values ('{org}', {user}, 'developer')",
        "lea": "role, clusters, region) values ('{org}', {user}, 'admin', 'region', 'eu')",
        "tim": "role, expires_at) values ('{org}', {user}, 'owner', now() + interval '1 h')",
        "bo": "role) values ('{org}', {user}, 'billing')",
        "both": "role) values ('{org}', {user}, 'viewer'), ('{org}', {user}, 'operator')",
    }.items():
        user = f"(select id from users where name = '{name}')"
        write(
            blank.superuser,
            f"insert into users (home_org_id, email, name) values ('{ORG}', '{name}@example.com', '{name}')",
            f"insert into members (org_id, user_id) values ('{ORG}', {user})",
            f"insert into grants (org_id, user_id, {grant.format(org=ORG, user=user)}",
        )
    await migrate.down(blank.owner, BEFORE)
    assert members(blank.superuser, "m.role, m.deleted_at is null") == [
        ("bo", "viewer", False),
        ("both", "operator", True),
        ("dev", "viewer", True),
        ("lea", "viewer", False),
        ("tim", "viewer", False),
    ]
