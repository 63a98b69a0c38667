"""Who logs in to PostgreSQL: an owner who migrates, and an application role that row-level security binds."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import namedtuple_row

from basefly.base.settings import SettingsError

APPLICATION = "basefly_app"
OWNER = "basefly_owner"
FLOOR = 150_000  # PostgreSQL 15, as server_version_num


class Logins(NamedTuple):
    """Connection strings: who migrates (None: nobody may), and who runs the application."""

    owner: str | None
    application: str


async def resolve(url: str, owner_url: str = "") -> Logins:
    """Decide, from what the login of BASEFLY_DATABASE_URL may do, who migrates and who runs the application.

    A powerful login (superuser, may create roles, or owns the database) migrates, and the application then drops to
    the role basefly_app. A plain login is used as it is. Raises SettingsError with the cure when nobody answers.
    """
    async with await connect(url) as connection:
        login = await _describe(connection)
    if login.powerful:
        return Logins(owner_url or url, with_options(url, f"-c role={APPLICATION}"))
    return Logins(owner_url or None, url)


async def connect(url: str, **parameters: Any) -> psycopg.AsyncConnection[Any]:
    """An autocommit connection of its own, outside the pool; raises SettingsError that says why there is none."""
    conninfo = make_conninfo(url, **{"connect_timeout": 10, "application_name": "basefly", **parameters})
    try:
        return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    except psycopg.OperationalError as error:
        raise SettingsError(_unreachable(url, error)) from error


def with_options(url: str, options: str, **parameters: Any) -> str:
    """The same connection string with more server options (`-c name=value`) and libpq parameters; its own ones win."""
    given = conninfo_to_dict(url)
    merged = f"{options} {given.get('options') or ''}".strip()
    return make_conninfo(**{**parameters, **given, "options": merged})


async def ensure_application(connection: psycopg.AsyncConnection[Any]) -> None:
    """Create the application role if it is missing, and let this login drop to it. Run by the owner."""
    try:
        if await _missing(connection):
            await connection.execute(f"create role {APPLICATION} nologin")
        await connection.execute(f"grant {APPLICATION} to current_user")
    except (errors.DuplicateObject, errors.UniqueViolation):
        await ensure_application(connection)  # another migrator was faster
    except errors.InsufficientPrivilege as error:
        if await _missing(connection):
            raise SettingsError(
                f"The role {APPLICATION} is missing and this login may not create it.\n"
                f"As a superuser: create role {APPLICATION} login password '…'; and use it in BASEFLY_DATABASE_URL."
            ) from error


async def check_application(url: str, *, standby: bool = False) -> None:
    """Raise SettingsError unless the role of `url` is bound by row-level security in every way.

    Only of a replica may it be a `standby`.
    """
    async with await connect(url) as connection:
        role = await _describe(connection)
    if role.version < FLOOR:
        raise SettingsError(
            f"PostgreSQL {role.version // 10_000} is too old.\nBasefly needs PostgreSQL 15 or newer: upgrade it."
        )
    if role.standby and not standby:
        raise SettingsError(
            "BASEFLY_DATABASE_URL leads to a standby, which cannot be written.\n"
            "Give the primary's address (several hosts: add target_session_attrs=read-write)."
        )
    reasons = {
        "is a superuser, or may become one": role.superuser,
        "may bypass row-level security": role.bypass,
        "owns tables of the schema": role.owns,
        "may create tables in the schema": role.creates,
    }
    if wrong := [reason for reason, holds in reasons.items() if holds]:
        raise SettingsError(
            f"The hub would run as the PostgreSQL role {role.name}, which {' and '.join(wrong)}: "
            "one organization could then see another's rows.\n"
            f"Run it as the role {APPLICATION}: let BASEFLY_DATABASE_URL log in as a member of it, and give the login "
            "that owns the schema in BASEFLY_OWNER_DATABASE_URL, which only migrates."
        )


async def _describe(connection: psycopg.AsyncConnection[Any]) -> Any:
    """What the current role is and may do."""
    async with connection.cursor(row_factory=namedtuple_row) as cursor:
        await cursor.execute(_DESCRIBE)
        row = await cursor.fetchone()
    assert row is not None, "a query without from has one row"  # noqa: S101  # for the type checker
    return row


_DESCRIBE = """
with me as (select * from pg_roles where rolname = current_user),
     reach as (select r.* from pg_roles r where pg_has_role(current_user, r.oid, 'member'))
select current_user::text as name,
       current_setting('server_version_num')::int as version,
       pg_is_in_recovery() as standby,
       exists (select from reach where rolsuper) as superuser,
       exists (select from reach where rolbypassrls) as bypass,
       exists (select from pg_class c join reach on reach.oid = c.relowner
               where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm')) as owns,
       has_schema_privilege(current_schema(), 'create') as creates,
       (select rolsuper or rolcreaterole from me)
           or exists (select from pg_database d join reach on reach.oid = d.datdba
                      where d.datname = current_database()) as powerful
"""


async def _missing(connection: psycopg.AsyncConnection[Any]) -> bool:
    found = await (await connection.execute("select 1 from pg_roles where rolname = %s", [APPLICATION])).fetchone()
    return found is None


def _unreachable(url: str, error: Exception) -> str:
    given = conninfo_to_dict(url)
    where = f"{given.get('host') or 'the local socket'}:{given.get('port') or 5432}/{given.get('dbname') or ''}"
    return (
        f"PostgreSQL at {where} does not let us in: {str(error).strip()}\n"
        "Check BASEFLY_DATABASE_URL (host, port, name, password), and that the server runs and accepts this host; "
        "without it, the hub starts a PostgreSQL of its own."
    )
