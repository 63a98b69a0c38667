"""An account for the hub, made in a simulated cluster that gives it a token."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import loading, resolving
from basefly.cli.kubeconfig.granted import Granted
from basefly.cli.kubeconfig.resolving import Resolved
from basefly.cli.registration import service_account
from basefly.core.clusters import manifest
from tests.cli.shell import Shell
from tests.cli.world import World

NAMESPACE = "basefly"


@pytest.fixture
def place(world: World) -> Iterator[Resolved]:
    """The cluster sim-2 as its administrator; what was made in it goes away."""
    yield resolving.resolve(loading.load(world.kubeconfig), "sim-2")
    api = world.cluster("sim-2").api
    world.call(lambda: api.delete("namespaces", NAMESPACE) if _there(api, "namespaces", NAMESPACE) else None)
    world.call(lambda: _clear_roles(api))


def _clear_roles(api: Any) -> None:
    for resource in ("clusterrolebindings", "clusterroles"):
        for each in api.list(f"{resource}.rbac.authorization.k8s.io"):
            if each["metadata"]["name"].startswith(NAMESPACE):
                api.delete(f"{resource}.rbac.authorization.k8s.io", each["metadata"]["name"])


def _there(api: Any, resource: str, name: str) -> bool:
    return any(each["metadata"]["name"] == name for each in api.list(resource))


def _token(world: World) -> str:
    """The token that the cluster has put into the account's secret."""
    [held] = [
        each for each in world.call(lambda: world.cluster("sim-2").api.list("secrets", NAMESPACE)) if "data" in each
    ]
    return base64.b64decode(held["data"]["token"]).decode()


class TestMake:
    @pytest.mark.parametrize("profile", ["view", "operate", "admin"])
    def test_the_account_signs_in_with_its_own_token(self, world: World, place: Resolved, profile: str) -> None:
        made = service_account.make(place, manifest.render(profile), profile)
        token = _token(world)
        assert made.granted == Granted(token)
        assert (made.source, made.expires_at, made.server) == ("token", None, place.server)
        assert token in made.kubeconfig()
        assert token not in repr(made)
        bindings = world.call(lambda: world.cluster("sim-2").api.list("clusterrolebindings.rbac.authorization.k8s.io"))
        assert f"basefly-{profile}" in [binding["metadata"]["name"] for binding in bindings]

    def test_a_second_time_it_is_brought_into_shape(self, world: World, place: Resolved) -> None:
        api, role = world.cluster("sim-2").api, "clusterroles.rbac.authorization.k8s.io"
        service_account.make(place, manifest.render("view"), "view")
        rules = world.call(lambda: api.get(role, "basefly-view"))["rules"]
        world.call(lambda: api.change(role, "basefly-view", by=lambda obj: obj.update(rules=[])))
        service_account.make(place, manifest.render("view"), "view")
        assert world.call(lambda: api.get(role, "basefly-view"))["rules"] == rules

    def test_in_one_go_with_registering(self, world: World, place: Resolved, mia: Shell) -> None:
        wish = ("--context", "sim-2", "--name", "by-account", "--service-account", "view")
        ran = mia.done("clusters", "register", *wish)
        assert ran.rows[1][1] == "registered"
        assert _token(world) not in ran.out + ran.err
        mia.done("clusters", "remove", "by-account", "--yes")


class TestRefused:
    def test_someone_who_may_not_make_roles_learns_whom_to_ask(self, world: World, place: Resolved) -> None:
        weak = world.call(lambda: world.cluster("sim-2").issue_token("weak"))
        who = Resolved(**{**vars(place), "granted": Granted(weak)})
        with pytest.raises(Failure, match="Context 'sim-2': you may not make the Namespace basefly") as caught:
            service_account.make(who, manifest.render("operate"), "operate")
        assert "basefly clusters manifest operate | kubectl --context sim-2 apply -f -" in caught.value.cure

    def test_a_token_that_is_void(self, place: Resolved) -> None:
        who = Resolved(**{**vars(place), "granted": Granted("void")})
        with pytest.raises(Failure, match=r"\(401\)"):
            service_account.make(who, manifest.render("view"), "view")

    def test_a_cluster_that_is_not_there(self, place: Resolved) -> None:
        away = Resolved(**{**vars(place), "server": "https://127.0.0.1:1"})
        with pytest.raises(Failure, match=r"https://127\.0\.0\.1:1 does not answer") as caught:
            service_account.make(away, manifest.render("view"), "view")
        assert "reachable from this machine" in caught.value.cure

    def test_a_cluster_that_is_someone_else(self, place: Resolved) -> None:
        other = Resolved(**{**vars(place), "ca": ""})
        with pytest.raises(Failure, match="not signed by an authority"):
            service_account.make(other, manifest.render("view"), "view")

    def test_a_certificate_of_rubbish(self, place: Resolved) -> None:
        odd = Resolved(**{**vars(place), "ca": "rubbish"})
        with pytest.raises(Failure, match="certificates cannot be read"):
            service_account.make(odd, manifest.render("view"), "view")

    @pytest.mark.parametrize("kind", ["Pod", "Deployment", "ValidatingWebhookConfiguration"])
    def test_a_manifest_that_holds_more_than_an_account(self, place: Resolved, kind: str) -> None:
        more = f"{manifest.render('view')}---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: x, namespace: y}}\n"
        with pytest.raises(Failure, match=f"holds a {kind}.*nothing was applied"):
            service_account.make(place, more, "view")

    def test_a_cluster_that_fills_no_tokens_is_asked_for_one(
        self, world: World, place: Resolved, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service_account, "TOKEN_WAIT", 0.1)
        monkeypatch.setattr(world.cluster("sim-2").accounts, "fills", False)
        made = service_account.make(place, manifest.render("view"), "view")
        assert made.expires_at is not None
        assert made.expires_at - datetime.now(UTC) > timedelta(days=364)
