"""Who migrates and who runs the application is decided by what the given login may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

from basefly.base.db import logins, migrate
from basefly.base.db.pool import Database
from basefly.base.settings import SettingsError
from tests.conftest import Urls

Member = Callable[[str], str]


async def current_user(url: str) -> str:
    db = await Database.open(url, max_size=1)
    async with db.transaction() as tx:
        user = await tx.value("select current_user::text")
    await db.close()
    return str(user)


@pytest.mark.parametrize("role", ["superuser", "owner"])
async def test_a_powerful_login_migrates_and_the_application_drops_to_its_role(blank: Urls, role: str) -> None:
    given = getattr(blank, role)
    found = await logins.resolve(given)
    assert found.owner == given
    await migrate.up(given)
    assert await current_user(found.application) == logins.APPLICATION


async def test_a_plain_login_is_used_as_it_is(urls: Urls) -> None:
    assert await logins.resolve(urls.application) == (None, urls.application)
    assert await logins.resolve(urls.application, urls.owner) == (urls.owner, urls.application)
    assert await current_user(urls.application) == logins.APPLICATION


@pytest.fixture
def member(urls: Urls) -> Iterator[Member]:
    """Make a login that is a member of the application role, with more attributes than it should have."""
    name = f"member_{uuid4().hex[:8]}"
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:

        def make(attributes: str) -> str:
            superuser.execute(f"create role {name} login {attributes} in role basefly_app")
            return psycopg.conninfo.make_conninfo(urls.application, user=name)

        yield make
        superuser.execute(f"drop owned by {name}; drop role {name}")


async def test_a_member_of_the_application_role_may_run_it(member: Member) -> None:
    assert (await current_user(member(""))).startswith("member_")


@pytest.mark.parametrize(
    ("attributes", "reason"), [("bypassrls", "bypass row-level security"), ("superuser", "is a superuser")]
)
async def test_who_sees_past_the_policies_is_refused(member: Member, attributes: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=f"{reason}(?s:.*)BASEFLY_OWNER_DATABASE_URL"):
        await Database.open(member(attributes))


async def test_who_may_become_such_a_role_is_refused(member: Member, urls: Urls) -> None:
    url = member("")
    name = psycopg.conninfo.conninfo_to_dict(url)["user"]
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        superuser.execute(f"create role {name}_strong bypassrls nologin; grant {name}_strong to {name}")
        with pytest.raises(SettingsError, match="bypass row-level security"):
            await Database.open(url)
        superuser.execute(f"drop role {name}_strong")


async def test_who_may_make_tables_is_refused(urls: Urls) -> None:
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        superuser.execute("grant create on schema public to basefly_app")
    with pytest.raises(SettingsError, match="create tables"):
        await Database.open(urls.application)


async def test_nobody_there_is_said_with_the_address_and_the_cure(urls: Urls) -> None:
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:1/basefly(?s:.*)BASEFLY_DATABASE_URL") as refused:
        await logins.resolve("postgresql://someone:hidden-word@127.0.0.1:1/basefly")
    assert "hidden-word" not in str(refused.value)
    with pytest.raises(SettingsError, match="does not exist"):
        await Database.open(urls.application.replace("/test_", "/no_"))


def test_options_are_added_and_the_given_ones_win() -> None:
    url = logins.with_options(
        "postgresql://u@h/d?options=-c%20role%3Dx&connect_timeout=3", "-c jit=off", connect_timeout=9
    )
    given = psycopg.conninfo.conninfo_to_dict(url)
    assert (given["options"], given["connect_timeout"]) == ("-c jit=off -c role=x", "3")
