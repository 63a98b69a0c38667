"""Service accounts and identity providers from the command line, at a real hub."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import PASSWORD
from tests.cli.shell import Shell
from tests.cli.world import World
from tests.oidc.server import Provider, running


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running(tmp_path_factory.mktemp("oidc")) as started:
        yield started


class TestServiceAccounts:
    def test_made_given_a_token_disabled_and_removed(self, mia: Shell, shell: Shell, world: World) -> None:
        assert "Made robot, operator." in mia.done("service-accounts", "create", "robot", "--role", "operator").out
        words = ("--permission", "clusters:read", "--password-stdin")
        made = mia.done("service-accounts", "token", "robot", "deploy", *words, stdin=f"{PASSWORD}\n")
        secret = made.out.strip()
        who = shell.done("whoami", "--json", BASEFLY_URL=world.url, BASEFLY_TOKEN=secret).json
        assert (who["name"], who["permissions"]) == ("robot", ["clusters:read"])
        rows = mia.done("service-accounts", "tokens", "robot").rows
        assert rows[1][:2] == ["deploy", "clusters:read"]
        assert "robot" in mia.done("service-accounts", "list", "-o", "name").out
        mia.done("service-accounts", "disable", "robot", "--yes")
        assert shell("whoami", BASEFLY_URL=world.url, BASEFLY_TOKEN=secret).code == 3
        mia.done("service-accounts", "enable", "robot")
        mia.done("service-accounts", "remove", "robot", "--yes")
        assert mia("service-accounts", "tokens", "robot").code == 5

    def test_a_token_that_ends_soon_is_warned_of(self, mia: Shell) -> None:
        mia.done("tokens", "create", "brief", "--days", "3", "--password-stdin", stdin=f"{PASSWORD}\n")
        ran = mia.done("tokens", "list")
        assert "warning: brief ends on " in ran.err
        mia.done("tokens", "revoke", "brief", "--yes")


class TestSingleSignOn:
    def test_added_tested_and_removed(self, mia: Shell, provider: Provider) -> None:
        words = ("--issuer", provider.issuer, "--client-id", "basefly", "--client-secret-stdin", "--create", "viewer")
        added = mia.done("single-sign-on", "add", "Acme ID", *words, stdin="s3cr3t\n")
        assert "/sso/callback" in added.err
        told = mia.done("single-sign-on", "test", "Acme ID").out
        assert told.splitlines()[0].startswith("ok   discovery: ")
        assert "/sign-in/acme-cli" in mia.done("single-sign-on", "address", "acme-cli").out
        assert mia.done("single-sign-on", "list").rows[1][:3] == ["Acme ID", provider.issuer, "made viewer"]
        mia.done("single-sign-on", "change", "Acme ID", "--domain", "acme.example", "--groups-claim", "groups",
                 "--group", "a3f1=platform", "--create-nobody")  # fmt: skip
        (now,) = mia.done("single-sign-on", "list", "-o", "json").json["items"]
        assert (now["domains"], now["group_names"], now["create_role"]) == (["acme.example"], {"a3f1": "platform"}, "")
        assert now["confidential"]
        assert mia("single-sign-on", "change", "Acme ID", "--group", "nonsense").code == 2
        assert "s3cr3t" not in mia.done("single-sign-on", "list", "-o", "json").out
        mine = ("--email", "mia@example.com", "--password-stdin", "--yes")
        wanted = mia.done("single-sign-on", "require", "Acme ID", *mine, stdin=f"{PASSWORD}\n")
        assert wanted.out == "Everybody signs in with Acme ID, from their next sign-in on.\n"
        assert "after their password: 1" in wanted.err, "an owner, who need not"
        assert "Everybody signs in with Acme ID." in mia.done("single-sign-on", "list").err
        released = mia.done("single-sign-on", "release", *mine, stdin=f"{PASSWORD}\n")
        assert released.out == "Everybody signs in as they like.\n"
        assert "Everybody" not in mia.done("single-sign-on", "list").err
        mia.done("single-sign-on", "remove", "Acme ID", "--yes")

    def test_what_is_wrong_is_said_and_ends_with_1(self, mia: Shell, provider: Provider) -> None:
        words = ("--issuer", f"{provider.issuer}/", "--client-id", "basefly", "--client-secret-stdin")
        mia.done("single-sign-on", "add", "Wrong", *words, stdin="x\n")
        ran = mia("single-sign-on", "test", "Wrong")
        assert ran.code == 1
        assert "BAD  discovery: " in ran.out
        assert "is of another issuer" in ran.out
        mia.done("single-sign-on", "remove", "Wrong", "--yes")
