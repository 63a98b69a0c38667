"""What every table must be, read from the catalogue of the migrated schema, so that no migration can forget it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import Urls

# Tables without a tenant, each with its reason.
NO_TENANT = {
    "organizations": "they are the tenants",
    "leases": "processes, not tenants, hold them",
    "master_keys": "fingerprints of the hub's own key",
    "hub_secrets": "they are the hub's own",
    "processes": "they are of the hub, and serve all tenants",
    "users": "one person may belong to several organizations",
    "setup_links": "they make the first organization",
    "mails": "a link is asked for before anyone is known",
    "challenges": "a passkey is asked before anyone is known",
    "device_requests": "they are made before anyone is known",
    "throttles": "guessing is counted before anyone is known",
    "schema_migrations": "the schema's own record",
}

# Functions that act as the schema's owner, each with its reason. The tenant's lock binds the owner too.
OWNERS = {
    "audit_month": "makes a month of the audit, which the application role may not",
    "audit_trim": "takes whole months that retention ended, under a signed checkpoint",
    "audit_drop_months": "drops months of the audit that are empty for everybody",
}

TENANT = "(org_id = (NULLIF(current_setting('app.org'::text, true), ''::text))::uuid)"


@pytest.fixture
def catalogue(urls: Urls) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(urls.superuser) as connection:
        yield connection


def names(catalogue: psycopg.Connection[tuple[object, ...]], query: str) -> set[str]:
    return {str(name) for (name,) in catalogue.execute(query)}


TABLES = """
select relname::text from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and
"""
HAS_ORG = """
exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'org_id' and a.attnotnull
        and a.atttypid = 'uuid'::regtype and not a.attisdropped)
"""


def test_every_table_has_a_tenant_or_a_reason(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    assert names(catalogue, f"{TABLES} not {HAS_ORG}") == set(NO_TENANT)


def test_every_tenant_table_is_locked_even_for_its_owner(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    tenants = names(catalogue, f"{TABLES} {HAS_ORG}")
    assert len(tenants) >= 4
    assert names(catalogue, f"{TABLES} {HAS_ORG} and relrowsecurity and relforcerowsecurity") == tenants
    policies = catalogue.execute(
        "select tablename::text, permissive, cmd, roles::text, qual, with_check from pg_policies"
        " where permissive = 'PERMISSIVE'"
    ).fetchall()
    assert sorted(policies) == sorted((t, "PERMISSIVE", "ALL", "{public}", TENANT, TENANT) for t in tenants)


def test_unique_keys_of_tenants_start_with_the_tenant(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    strays = names(
        catalogue,
        f"""
        select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
        where i.indisunique and c.relnamespace = 'public'::regnamespace and {HAS_ORG} and
        (select attname from pg_attribute where attrelid = c.oid and attnum = i.indkey[0]) is distinct from 'org_id'
        """,
    )
    assert strays == set(), "whoever inserts would learn that another tenant has the value"


def test_foreign_keys_between_tenants_carry_the_tenant(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    keys = catalogue.execute(
        f"""
        select conrelid::regclass::text || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k
        join pg_class c on c.oid = k.confrelid
        where contype = 'f' and connamespace = 'public'::regnamespace and {HAS_ORG}
        """
    ).fetchall()
    wrong = [key for (key,) in keys if not re.search(r"KEY \(org_id, .*REFERENCES \w+\(org_id, ", str(key))]
    assert keys
    assert not wrong


def test_nothing_is_deleted_by_itself(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    cascading = names(
        catalogue,
        "select conrelid::regclass || ' ' || conname from pg_constraint where contype = 'f' and confdeltype <> 'r'",
    )
    assert cascading == set()


def test_every_table_knows_when(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    """created_at, or the like for what is no thing of a tenant."""
    timeless = names(
        catalogue,
        f"""{TABLES} {HAS_ORG} and not exists (select from pg_attribute a where a.attrelid = c.oid
        and a.attname in ('created_at', 'at') and a.atttypid = 'timestamptz'::regtype and a.attnotnull)""",
    )
    assert timeless == set()


def test_the_application_role_owns_nothing_and_truncates_nothing(
    catalogue: psycopg.Connection[tuple[object, ...]],
) -> None:
    role = "'basefly_app'::regrole"
    assert names(catalogue, f"select relname::text from pg_class where relowner = {role}") == set()
    assert names(catalogue, f"select proname::text from pg_proc where proowner = {role}") == set()
    assert (
        names(catalogue, f"{TABLES} has_table_privilege('basefly_app', c.oid, 'truncate, references, trigger')")
        == set()
    )
    assert names(catalogue, "select rolname::text from pg_roles where rolname = 'basefly_app' and"
                 " (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)") == set()  # fmt: skip
    assert catalogue.execute("select has_schema_privilege('basefly_app', 'public', 'create')").fetchone() == (False,)


def test_no_function_steps_past_the_policies(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    ours = "from pg_proc p where pronamespace = 'public'::regnamespace and not exists"
    extension = "(select from pg_depend d where d.objid = p.oid and d.deptype = 'e')"
    assert names(catalogue, f"select proname::text {ours} {extension} and proleakproof") == set()
    assert names(catalogue, f"select proname::text {ours} {extension} and prosecdef") == set(OWNERS)
    fixed = (
        "proconfig::text like '%search_path=public, pg_temp%' and not has_function_privilege('public', oid, 'execute')"
    )
    assert names(catalogue, f"select proname::text {ours} {extension} and prosecdef and {fixed}") == set(OWNERS)
    parsed = "prosqlbody is not null"  # when it was created: no search path can lead it astray
    loose = f"{ours} {extension} and not ({parsed} or coalesce(proconfig::text like '%search_path%', false))"
    assert names(catalogue, f"select proname::text {loose}") == set()


def test_views_show_what_their_reader_may_see(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    open_views = names(
        catalogue,
        "select relname::text from pg_class c where relnamespace = 'public'::regnamespace and (relkind = 'm' or"
        " (relkind = 'v' and not coalesce(reloptions::text like '%security_invoker=true%', false)))",
    )
    assert open_views == set()


def test_numbers_do_not_run_out(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    small = names(catalogue, "select sequencename::text from pg_sequences where data_type <> 'bigint'::regtype")
    assert small == set()


def test_most_objects_can_be_changed_within_their_page(catalogue: psycopg.Connection[tuple[object, ...]]) -> None:
    """An index over cells has a new entry with each change of them, and then so has every other index of the row."""
    over_cells = names(
        catalogue,
        "select distinct tablename::text from pg_indexes where tablename like 'objects%' and indexdef ~ 'cells'",
    )
    assert over_cells == {"objects_pods", "objects_events", "objects_bindings"}
    assert names(catalogue, "select indexname::text from pg_indexes where tablename = 'objects'") == {"objects_pkey"}
