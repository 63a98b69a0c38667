"""Tokens, approvals, refusals, revocations and the organization's setting: as verbs, each with its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from basefly.sim import Cluster
from tests.core.agents.conftest import Issue, agent, approved, config, eventually, working
from tests.people import Hub, Person


async def acts(person: Person, *names: str) -> list[str]:
    """What is on record of agents, oldest first."""
    items = (await person.http.get("/api/v1/audit", params={"limit": 500})).json()["items"]
    told = [f"{item['act']} {item['outcome']}" for item in reversed(items)]
    return [each for each in told if each.startswith(names or ("agent",))]


async def pending(person: Person) -> dict[str, Any]:
    """The agent that waits."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        items = (await person.http.get("/api/v1/agents")).json()["items"]
        found[:] = [each for each in items if each["state"] == "pending"]
        return bool(found)

    await eventually(there)
    return found[0]


async def approval_failed(hub: Hub, owner: Person) -> bool:
    """Whether it is on record that somebody's agent was to be approved and was not."""
    query = "select count(*) from audit_records where act = 'agent.approved' and outcome = 'failed'"
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        return bool(await tx.value(query))


class TestTokens:
    async def test_one_is_made_shown_once_and_on_record(self, owner: Person, issue: Issue) -> None:
        made = await issue()
        assert made["token"].startswith("basefly_agent_")
        assert made["hub_key"].startswith("ed25519:")
        (listed,) = (await owner.http.get("/api/v1/agent-tokens")).json()["items"]
        assert "token" not in listed
        assert listed["wishes"]["name"] == "berlin"
        assert await acts(owner) == ["agent_token.created done"]

    async def test_a_reader_is_refused(self, owner: Person, viewer: Person) -> None:
        answer = await viewer.http.post("/api/v1/agent-tokens", json={"name": "berlin"})
        assert answer.status_code == 403
        assert "request.refused refused" in await acts(owner, "request")

    async def test_a_stranger_cannot_tell_that_one_exists(self, stranger: Person, issue: Issue) -> None:
        made = await issue()
        there = await stranger.http.delete(f"/api/v1/agent-tokens/{made['id']}")
        nowhere = await stranger.http.delete(f"/api/v1/agent-tokens/{uuid4()}")
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert (await stranger.http.get("/api/v1/agent-tokens")).json()["items"] == []

    async def test_a_name_that_is_none_is_refused_and_on_record(self, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/agent-tokens", json={"name": "not a name"})
        assert answer.status_code == 422
        assert await acts(owner, "request") == ["request.failed failed"]

    async def test_a_withdrawn_one_lets_nobody_in(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        made = await issue()
        assert (await owner.http.delete(f"/api/v1/agent-tokens/{made['id']}")).status_code == 204
        assert (await owner.http.delete(f"/api/v1/agent-tokens/{made['id']}")).status_code == 409
        one = agent(config(attentive.url, made, cluster, tmp_path / "a"))
        assert await refusal(one) == "token"

    async def test_one_is_good_once(
        self, attentive: Hub, issue: Issue, cluster: Cluster, tmp_path: Path, owner: Person
    ) -> None:
        made = await issue()
        async with working(agent(config(attentive.url, made, cluster, tmp_path / "a"))):
            assert await refusal(agent(config(attentive.url, made, cluster, tmp_path / "b"))) == "token"
        async with working(agent(config(attentive.url, made, cluster, tmp_path / "a"))):
            assert len((await owner.http.get("/api/v1/agents")).json()["items"]) == 1


class TestApproving:
    async def test_connects_the_cluster_and_is_on_record(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        one = agent(config(attentive.url, await issue(labels={"env": "prod"}), cluster, tmp_path / "a"))
        async with working(one):
            assert (await pending(owner))["fingerprint"] == one.fingerprint
            cluster_id = await approved(owner)

            async def told() -> bool:
                return one.approved

            await eventually(told)
        made = (await owner.http.get(f"/api/v1/clusters/{cluster_id}")).json()
        assert (made["name"], made["labels"], made["health"]) == ("berlin", {"env": "prod"}, "healthy")
        assert made["version"].startswith("v1.")
        assert "cluster.registered done" in await acts(owner, "cluster")
        assert await acts(owner) == ["agent_token.created done", "agent.enrolled done", "agent.approved done"]

    async def test_a_reader_is_refused_and_a_stranger_cannot_tell(
        self, attentive: Hub, owner: Person, viewer: Person, stranger: Person, issue: Issue, cluster: Cluster,
        tmp_path: Path,
    ) -> None:  # fmt: skip
        async with working(agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))):
            found = await pending(owner)
            for verb in ("approvals", "refusals", "revocations"):
                path = f"/api/v1/agents/{found['id']}/{verb}"
                assert (await viewer.http.post(path)).status_code == 403, verb
                nowhere = await stranger.http.post(f"/api/v1/agents/{uuid4()}/{verb}")
                assert (await stranger.http.post(path)).status_code == nowhere.status_code == 404, verb
            assert (await stranger.http.get("/api/v1/agents")).json()["items"] == []

    async def test_an_account_without_rights_is_told_and_on_record(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
        setup.api_token.write_text("nobody-knows-this")
        async with working(agent(setup)):
            path = f"/api/v1/agents/{(await pending(owner))['id']}/approvals"
            while (answer := await owner.http.post(path)).status_code == 409:
                pass
            assert answer.status_code == 422
            assert [each["name"] for each in answer.json()["checks"] if not each["ok"]] == ["authentication"]
        assert "request.failed failed" in await acts(owner, "request")
        assert (await owner.http.get("/api/v1/clusters")).json()["items"] == []

    async def test_the_same_cluster_twice_is_told(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        async with working(agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))):
            await approved(owner)
            async with working(agent(config(attentive.url, await issue(name="twin"), cluster, tmp_path / "b"))):
                path = f"/api/v1/agents/{(await pending(owner))['id']}/approvals"
                answer = await owner.http.post(path)
                while "has not said yet" in answer.text:
                    answer = await owner.http.post(path)
                assert answer.status_code == 409
                assert "already there as berlin" in answer.json()["detail"]

    async def test_an_agent_takes_over_a_cluster_that_is_there(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        body = {"kubeconfig": cluster.kubeconfig(), "name": "berlin"}
        there = (await owner.http.post("/api/v1/clusters", json=body)).json()["id"]
        first = config(attentive.url, await issue(name="", cluster="berlin"), cluster, tmp_path / "a")
        async with working(agent(first)):
            assert await approved(owner) == there
            second = config(attentive.url, await issue(name="", cluster="berlin"), cluster, tmp_path / "b")
            async with working(agent(second)):
                assert await approved(owner) == there
            assert await refusal(agent(first)) == "revoked"
        assert (await acts(owner, "cluster")).count("cluster.credentials_rotated done") == 2


class TestWithoutApproval:
    async def test_a_token_connects_by_itself_where_the_organization_allows_it(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        refused = await owner.http.post("/api/v1/agent-tokens", json={"name": "berlin", "approval": False})
        assert refused.status_code == 409
        assert (await owner.http.put("/api/v1/agent-settings", json={"approval": False})).json() == {"approval": False}
        async with working(agent(config(attentive.url, await issue(approval=False), cluster, tmp_path / "a"))):

            async def there() -> bool:
                return bool((await owner.http.get("/api/v1/clusters")).json()["items"])

            await eventually(there)
        assert "agent_settings.changed done" in await acts(owner)

    async def test_the_setting_is_not_for_readers(self, owner: Person, viewer: Person) -> None:
        answer = await viewer.http.put("/api/v1/agent-settings", json={"approval": False})
        assert answer.status_code == 403
        assert (await owner.http.get("/api/v1/agent-settings")).json() == {"approval": True}

    async def test_a_token_is_worth_what_its_maker_may_by_then(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        await owner.http.put("/api/v1/agent-settings", json={"approval": False})
        made = await issue(approval=False)
        async with attentive.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute("delete from grants where org_id = %s", [owner.by.org_id])
        async with working(agent(config(attentive.url, made, cluster, tmp_path / "a"))):
            await eventually(lambda: approval_failed(attentive, owner))

    async def test_a_token_is_worth_nothing_once_its_maker_is_disabled(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        await owner.http.put("/api/v1/agent-settings", json={"approval": False})
        made = await issue(approval=False)
        async with attentive.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute("update users set disabled_at = now() where id = %s", [owner.by.user_id])
        async with working(agent(config(attentive.url, made, cluster, tmp_path / "a"))):
            await eventually(lambda: approval_failed(attentive, owner))
        async with attentive.house.db.transaction(owner.by.org_id) as tx:
            assert await tx.value("select count(*) from clusters") == 0


class TestRefusingAndRevoking:
    async def test_a_refused_agent_is_sent_away(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        one = agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))
        async with working(one):
            path = f"/api/v1/agents/{(await pending(owner))['id']}"
            assert (await owner.http.post(f"{path}/refusals")).json()["state"] == "refused"
            assert (await owner.http.post(f"{path}/approvals")).status_code == 409

            async def gone() -> bool:
                return not one.connected

            await eventually(gone)
        assert await refusal(one) == "refused"
        assert "agent.refused done" in await acts(owner)

    async def test_a_revoked_agent_is_cut_off_and_its_cluster_stays(
        self, attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
    ) -> None:
        one = agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))
        async with working(one):
            cluster_id = await approved(owner)
            (found,) = (await owner.http.get("/api/v1/agents")).json()["items"]
            assert (await owner.http.post(f"/api/v1/agents/{found['id']}/revocations")).json()["state"] == "revoked"

            async def gone() -> bool:
                return not one.connected

            await eventually(gone)
        assert await refusal(one) == "revoked"
        assert (await owner.http.get(f"/api/v1/clusters/{cluster_id}")).status_code == 200
        assert "agent.revoked done" in await acts(owner)


async def refusal(one: Any) -> str:
    """As what an agent is refused."""
    from basefly.base.tunnel.talk import SentAway

    try:
        await one.session()
    except SentAway as away:
        return away.refusal.code
    raise AssertionError("it was let in")
