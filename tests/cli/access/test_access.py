"""Who may do what, from the command line: at a real hub, with a second person at another shell."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.cli.conftest import PASSWORD, at
from tests.cli.shell import Shell
from tests.cli.world import World
from tests.core.factors.people import App


@pytest.fixture
def kim(mia: Shell, world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A viewer, who came by an invitation and is signed in; gone in the end."""
    email = f"kim-{uuid.uuid4().hex[:8]}@example.com"
    link = mia.done("invitations", "send", email, "--role", "viewer").out.strip()
    body = {"token": link.partition("#")[2], "name": "Kim", "password": PASSWORD}
    assert httpx.post(f"{world.url}/api/v1/invitation-acceptances", json=body).status_code == 201
    home = tmp_path_factory.mktemp("kim")
    shell = at(world, home)
    shell.done("login", "--email", email, "--password-stdin", stdin=f"{PASSWORD}\n")
    yield Shell(home, shell.environ | {"KIM": email})
    mia("members", "remove", email, "--yes")


def email(kim: Shell) -> str:
    return kim.environ["KIM"]


def refused(ran: object, code: int) -> None:
    assert getattr(ran, "code", None) == code, ran


class TestMembers:
    def test_are_listed_changed_and_removed(self, mia: Shell, kim: Shell) -> None:
        assert mia.done("members", "list").rows[0] == ["NAME", "EMAIL", "ROLE", "AGE", "ID"]
        assert email(kim) in mia.done("members", "list", "-o", "name").out.split()
        refused(kim("members", "role", email(kim), "admin"), 4)
        assert "Kim is operator now." in mia.done("members", "role", email(kim), "operator").err
        refused(mia("members", "role", "mia@example.com", "viewer"), 1)
        refused(mia("members", "remove", "nobody@example.com", "--yes"), 5)
        mia.done("members", "remove", email(kim), "--yes")
        refused(kim("whoami"), 3)

    def test_lose_their_second_factors(self, mia: Shell, kim: Shell, world: World) -> None:
        mine = ("--email", "mia@example.com", "--password-stdin", "--yes")
        nothing = mia("members", "remove-factors", email(kim), *mine, stdin=f"{PASSWORD}\n")
        assert "This member has no second factor." in nothing.err
        refused(nothing, 1)
        with httpx.Client(base_url=f"{world.url}/api/v1") as http:
            http.post("/sessions", json={"email": email(kim), "password": PASSWORD}).raise_for_status()
            app = App(http.post("/me/factors/totp").raise_for_status().json()["secret"])
            http.post("/me/factors/totp/confirmations", json={"code": app.code()}).raise_for_status()
        refused(kim("login", "--email", email(kim), "--password-stdin", stdin=f"{PASSWORD}\n"), 2)
        done = mia.done("members", "remove-factors", email(kim), *mine, stdin=f"{PASSWORD}\n")
        assert done.out == "Taken away from Kim: the authenticator app, 10 recovery codes. 1 session ended.\n"
        kim.done("login", "--email", email(kim), "--password-stdin", stdin=f"{PASSWORD}\n")


class TestInvitations:
    def test_are_sent_again_and_withdrawn(self, mia: Shell) -> None:
        first = mia.done("invitations", "send", "ada@example.com").out
        again = mia.done("invitations", "resend", "ada@example.com").out
        assert "/invitation#" in first
        assert first != again
        rows = mia.done("invitations", "list").rows
        assert ["ada@example.com", "viewer", "open", "Mia"] in [row[:4] for row in rows]
        mia.done("invitations", "withdraw", "ada@example.com")
        refused(mia("invitations", "withdraw", "ada@example.com"), 5)


class TestTeams:
    def test_are_made_filled_and_deleted(self, mia: Shell, kim: Shell) -> None:
        mia.done("teams", "create", "SRE", "--description", "Keeps it running")
        mia.done("teams", "add", "SRE", email(kim))
        assert mia.done("teams", "show", "sre", "-o", "name").out.split() == [email(kim)]
        grant = mia.done("grants", "give", "operator", "--team", "SRE").out.strip()
        assert "clusters:write" in kim.done("whoami", "--json").json["permissions"]
        refused(mia("teams", "delete", "SRE", "--yes"), 1)
        kim.done("teams", "remove", "SRE", email(kim))
        mia.done("grants", "revoke", grant, "--yes")
        mia.done("teams", "delete", "SRE", "--yes")
        refused(mia("teams", "show", "SRE"), 5)


class TestRoles:
    def test_are_made_changed_and_deleted(self, mia: Shell) -> None:
        assert "audit:read" in [row[0] for row in mia.done("roles", "permissions").rows]
        refused(mia("roles", "create", "auditor"), 2)
        mia.done("roles", "create", "auditor", "-p", "audit:read")
        told = mia.done("roles", "change", "auditor", "-p", "audit:read", "-p", "access:read").err
        assert "auditor gives access:read, audit:read." in told
        assert ["auditor", "0"] in [row[:2] for row in mia.done("roles", "list").rows]
        mia.done("roles", "delete", "auditor", "--yes")
        refused(mia("roles", "delete", "viewer", "--yes"), 1)


class TestGrants:
    def test_over_a_cluster_and_a_namespace_for_hours(self, mia: Shell, kim: Shell) -> None:
        words = ("--member", email(kim), "--cluster", "sim-1", "-n", "shop", "--hours", "8", "--reason", "on call")
        grant = mia.done("grants", "give", "operator", *words).out.strip()
        (row,) = [row for row in mia.done("grants", "list", "--member", email(kim)).rows if row[-1] == grant]
        assert row[:3] == ["Kim", "operator", "sim-1: shop"]
        assert row[3].endswith("UTC")
        mia.done("grants", "revoke", grant, "--yes")
        refused(mia("grants", "revoke", grant, "--yes"), 5)

    def test_no_one_more_than_they_hold(self, mia: Shell, kim: Shell) -> None:
        mia.done("members", "role", email(kim), "admin")
        ran = kim("grants", "give", "owner", "--member", email(kim))
        assert ran.code == 4
        assert "which you do not hold" in ran.err
        refused(mia("grants", "give", "viewer"), 2)
        refused(mia("grants", "give", "viewer", "--group", "x", "--labels", "a=b", "--region", "eu"), 2)


class TestElevations:
    def test_asked_approved_and_withdrawn(self, mia: Shell, kim: Shell) -> None:
        asked = kim.done("elevations", "ask", "operator", "--reason", "Incident 4711", "--cluster", "sim-1").out.strip()
        refused(kim("elevations", "approve", asked), 4)
        assert "Kim is operator until" in mia.done("elevations", "approve", asked, "--note", "go").err
        assert kim("access", "why", "clusters:write", "--cluster", "sim-1").code == 0
        kim.done("elevations", "withdraw", asked)
        refused(kim("access", "why", "clusters:write", "--cluster", "sim-1"), 4)
        (row,) = [row for row in kim.done("elevations", "list").rows if row[-1] == asked]
        assert row[1:5] == ["operator", "sim-1", "60", "withdrawn"]


class TestReasons:
    def test_why_and_why_not(self, mia: Shell, kim: Shell) -> None:
        assert mia.done("access", "why", "audit:read").out == "Mia may: audit:read.\n  owner over all\n"
        ran = kim("access", "why", "audit:read")
        assert ran.code == 4
        assert "Kim may not: no grant gives audit:read there." in ran.err
        assert "viewer over all: its role has not this permission" in ran.err
        assert "Ask Mia <mia@example.com>." in ran.err
        refused(kim("access", "why", "no:such"), 2)

    def test_who(self, mia: Shell, kim: Shell) -> None:
        rows = mia.done("access", "who", "inventory:read").rows
        assert ["Mia", "mia@example.com", "owner", "-", "all", "never"] in rows
        assert email(kim) in mia.done("access", "who", "inventory:read", "-o", "name").out.split()
        assert email(kim) not in mia.done("access", "who", "access:own", "-o", "name").out.split()

    def test_a_review(self, mia: Shell, kim: Shell) -> None:
        mia.done("grants", "give", "viewer", "--member", email(kim), "--reason", "=cmd()", "--region", "eu")
        rows = [line.split(",") for line in mia.done("access", "review", "-o", "csv").out.splitlines()]
        assert rows[0] == ["name", "email", "role", "through", "over", "since", "by", "ends", "reason"]
        (odd,) = [row for row in rows if row[1] == email(kim) and row[-1]]
        assert [odd[2], odd[4], odd[6], odd[8]] == ["viewer", "region eu", "Mia", "'=cmd()"]
        assert mia.done("access", "review").rows[0][:3] == ["NAME", "EMAIL", "ROLE"]


class TestVisibility:
    def test_is_chosen_by_owners_only(self, mia: Shell, kim: Shell) -> None:
        refused(kim("visibility", "show"), 4)
        refused(kim("visibility", "choose", "clusters"), 4)
        assert "what the hub's grants give" in mia.done("visibility", "show").err
        assert "what each cluster's own RBAC allows" in mia.done("visibility", "choose", "clusters").err
        try:
            assert '"choice": "clusters"' in mia.done("visibility", "show", "-o", "json").out
            wrong = mia("visibility", "choose", "nothing")
            assert "hub, clusters" in wrong.err
            refused(wrong, 1)
        finally:
            mia.done("visibility", "choose", "hub")
