"""The pages lead to a connected cluster, say what is wrong, and keep what was typed."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import UUID

import httpx

from basefly.core.clusters import actions
from basefly.sim import Cluster, Fleet
from tests.core.clusters.conftest import Register
from tests.people import Hub, Person

HTML = {"Accept": "text/html"}
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)  # what is fetched ahead names doors, for everyone alike


async def send(hub: Hub, person: Person, path: str, page: str = "/connect", **fields: Any) -> httpx.Response:
    """Fill in and send the form, as a browser does."""
    form = (await person.http.get(page, headers=HTML)).text
    token = re.search(r'name="csrf" value="([^"]+)"', form)
    assert token, "the page has a form"
    headers = {**HTML, "Origin": hub.url}
    return await person.http.post(path, data={"csrf": token[1], **fields}, headers=headers)


async def test_the_empty_list_leads_to_the_first_cluster(owner: Person) -> None:
    page = (await owner.http.get("/clusters", headers=HTML)).text
    assert 'href="/connect"' in page
    assert "No cluster is connected yet" in page


async def test_pasting_a_kubeconfig_connects(hub: Hub, owner: Person, cluster: Cluster) -> None:
    answer = await send(hub, owner, "/connect", kubeconfig=cluster.kubeconfig(), labels="env=prod, team=shop")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith("/connect/verify/")
    shown = await owner.http.get(answer.headers["location"].replace("/connect/verify/", "/clusters/"), headers=HTML)
    assert cluster.name in shown.text
    assert "Healthy" in shown.text
    assert "team" in shown.text
    assert cluster.name in (await owner.http.get("/clusters", headers=HTML)).text


async def test_a_failed_check_is_shown_and_what_was_typed_stays(hub: Hub, owner: Person, cluster: Cluster) -> None:
    answer = await send(hub, owner, "/connect", kubeconfig=cluster.kubeconfig(token="wrong"), name="mine")
    assert answer.status_code == 422
    assert "401" in answer.text
    assert "give the cluster new credentials" in answer.text
    assert 'name="name" value="mine"' in answer.text
    assert (await owner.http.get("/api/v1/clusters")).json()["total"] == 0


async def test_a_failed_check_is_told_in_the_readers_language(hub: Hub, owner: Person, cluster: Cluster) -> None:
    owner.http.headers["Accept-Language"] = "de"
    answer = await send(hub, owner, "/connect", kubeconfig=cluster.kubeconfig(token="wrong"), name="mine")
    text = unescape(answer.text)
    assert "<span>Adresse</span>" in text
    assert "<span>Anmeldung</span>" in text
    assert f"{cluster.server} antwortet." in text
    assert "dem Cluster neue Zugangsdaten geben" in text
    assert "give the cluster new credentials" not in text


async def test_of_several_contexts_one_is_chosen(hub: Hub, owner: Person, fleet: Fleet) -> None:
    text = fleet.kubeconfig()
    answer = await send(hub, owner, "/connect", kubeconfig=text)
    assert answer.status_code == 200
    assert all(f'value="{each.name}"' in answer.text for each in fleet.clusters)
    chosen = await send(hub, owner, "/connect", kubeconfig=text, context=fleet.clusters[1].name)
    assert chosen.status_code == 303


async def test_of_several_contexts_each_has_its_own_result(
    hub: Hub, owner: Person, fleet: Fleet, register: Register
) -> None:
    there = await register(name="first")
    names = [each.name for each in fleet.clusters]
    answer = await send(hub, owner, "/connect", kubeconfig=fleet.kubeconfig(), context=names)
    assert answer.status_code == 200
    assert "This cluster is already there as first." in answer.text
    assert f'href="/clusters/{there["id"]}"' in answer.text
    assert answer.text.count("Watch the inventory fill") == 1


async def test_the_steps_keep_what_was_typed_and_explain_every_permission(owner: Person) -> None:
    query = {"name": "shop", "labels": "env=prod"}
    first = await owner.http.get("/connect", params=query, headers=HTML)
    assert 'value="shop"' in first.text
    access = await owner.http.get("/connect/access", params=query, headers=HTML)
    assert 'name="labels" value="env=prod"' in access.text
    install = await owner.http.get("/connect/install", params={**query, "profile": "operate"}, headers=HTML)
    assert "pods&#x2f;eviction" in install.text
    assert "kubectl apply -f basefly-operate.yaml" in install.text
    assert re.search(r'type="radio"[^>]* value="operate" checked', install.text)
    steps = unescape(install.text)
    assert '<li class="done"><a href="/connect?name=shop&labels=env%3Dprod">' in steps
    assert 'aria-current="step"><span class="dot">3</span>Install (if needed)' in steps


async def test_the_same_clusters_as_list_tiles_and_map(owner: Person, register: Register) -> None:
    made = await register(name="west", region="eu-central-1", labels={"env": "prod"})
    for view, sign in (("list", "Last report"), ("tiles", 'class="cluster-tiles"'), ("map", 'class="dot"')):
        text = (await owner.http.get("/clusters", params={"view": view}, headers=HTML)).text
        assert sign in text
        assert f'href="/clusters/{made["id"]}"' in text
    await owner.http.patch(f"/api/v1/clusters/{made['id']}", json={"region": "the moon"})
    text = (await owner.http.get("/clusters?view=map", headers=HTML)).text
    assert "Not on the map" in text
    assert f'href="/clusters/{made["id"]}"' in text
    text = (await owner.http.get("/clusters?label=env%3Ddev", headers=HTML)).text
    assert "Nothing matches" in text
    assert text.count("Clear filters") == 1
    assert "Clear filters" in (await owner.http.get("/clusters?region=the+moon", headers=HTML)).text
    assert (await owner.http.get("/clusters?health=sad", headers=HTML)).status_code == 422


async def test_several_are_labelled_and_disconnected_at_once(
    hub: Hub, owner: Person, viewer: Person, fleet: Fleet
) -> None:
    ids = []
    for each in fleet.clusters:
        body = {"kubeconfig": each.kubeconfig(), "labels": {"old": "x", "kept": "y"}}
        ids.append((await owner.http.post("/api/v1/clusters", json=body)).json()["id"])
    plan = await owner.http.get("/cluster-changes", params={"cluster": ids, "do": "disconnect"}, headers=HTML)
    assert "Disconnect 2 clusters" in plan.text
    labelled = await send(hub, owner, "/cluster-labels", cluster=ids, labels="env=prod old-")
    assert labelled.text.count("Done") == 2
    assert (await owner.http.get(f"/api/v1/clusters/{ids[0]}")).json()["labels"] == {"env": "prod", "kept": "y"}
    assert (await send(hub, owner, "/cluster-removals", cluster=ids, confirmation="1")).status_code == 422
    assert (await send(hub, owner, "/cluster-removals", cluster=ids, confirmation="2")).status_code == 200
    assert (await owner.http.get("/api/v1/clusters")).json()["total"] == 0
    assert (await viewer.http.get("/cluster-changes", headers=HTML)).status_code == 403


async def test_one_alone_is_disconnected_by_its_name(hub: Hub, owner: Person, register: Register) -> None:
    made = await register(name="west", labels={"env": "prod"})
    label = await owner.http.get("/cluster-changes", params={"cluster": made["id"]}, headers=HTML)
    assert "<h1>Label west</h1>" in label.text
    assert "<b>env=</b>prod" in label.text
    plan = await owner.http.get("/cluster-changes", params={"cluster": made["id"], "do": "disconnect"}, headers=HTML)
    assert "<h1>Disconnect west</h1>" in plan.text
    assert "Type west to confirm" in plan.text
    unsure = await send(hub, owner, "/cluster-removals", cluster=[made["id"]], confirmation="1")
    assert unsure.status_code == 422
    assert "Type the cluster&#x27;s name, west, to disconnect it." in unsure.text
    assert (await send(hub, owner, "/cluster-removals", cluster=[made["id"]], confirmation="west")).status_code == 200
    assert (await owner.http.get("/api/v1/clusters")).json()["total"] == 0


async def test_a_hostile_kubeconfig_is_shown_as_text(hub: Hub, owner: Person, cluster: Cluster) -> None:
    text = cluster.kubeconfig().replace(cluster.name, "<script>alert(1)</script>") + "\n# </textarea><script>"
    answer = await send(hub, owner, "/connect", kubeconfig=text.replace("https://", "http://"))
    assert answer.status_code == 422
    assert "<script>alert(1)</script>" not in answer.text
    assert "</textarea><script>" not in answer.text


async def test_one_cluster_is_changed_removed_and_restored(hub: Hub, owner: Person, register: Register) -> None:
    made = await register(name="west")
    page = f"/clusters/{made['id']}"
    answer = await send(hub, owner, page, page, name="east", labels="a=b", region="", provider="")
    assert answer.status_code == 303, answer.text
    assert "east" in (await owner.http.get(page, headers=HTML)).text
    wrong = await send(hub, owner, page, page, name="", labels="a b c=-", region="", provider="")
    assert wrong.status_code == 422
    unsure = await send(hub, owner, f"{page}/removals", page)
    assert unsure.status_code == 422
    assert "Type the cluster&#x27;s name, east, to disconnect it." in unsure.text
    assert (await send(hub, owner, f"{page}/removals", page, confirmation="east")).status_code == 303
    removed = (await owner.http.get(page, headers=HTML)).text
    assert "was removed" in removed
    assert "east" in (await owner.http.get("/clusters?removed=true", headers=HTML)).text
    assert (await send(hub, owner, f"{page}/restorations", page)).status_code == 303


async def test_new_credentials_by_form(hub: Hub, owner: Person, cluster: Cluster, register: Register) -> None:
    page = f"/clusters/{(await register())['id']}"
    wrong = await send(hub, owner, f"{page}/credentials", page, kubeconfig=cluster.kubeconfig(token="wrong"))
    assert wrong.status_code == 422
    assert "401" in wrong.text
    right = await send(hub, owner, f"{page}/credentials", page, kubeconfig=cluster.kubeconfig())
    assert right.status_code == 303


async def test_a_reader_sees_no_button_that_would_be_refused(viewer: Person, register: Register) -> None:
    made = await register()
    for path in ("/clusters", f"/clusters/{made['id']}"):
        answer = await viewer.http.get(path, headers=HTML)
        assert answer.status_code == 200
        shown = SCRIPT.sub("", answer.text)
        assert "/connect" not in shown
        assert "/removals" not in shown
    assert (await viewer.http.get("/connect", headers=HTML)).status_code == 403


async def test_a_part_of_the_page_is_sent_alone(owner: Person, register: Register) -> None:
    made = await register()
    for path, part in (("/clusters", "list"), (f"/clusters/{made['id']}", "health")):
        answer = await owner.http.get(path, headers={**HTML, "X-Fragment": part})
        assert answer.status_code == 200
        assert f'id="{part}"' in answer.text
        assert "<html" not in answer.text


async def test_a_cluster_restored_from_a_backup_says_so_once(hub: Hub, owner: Person, register: Register) -> None:
    made = await register(name="west")
    assert made["restored_at"] is None
    for _ in range(2):  # each of its kinds notices
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await actions.note_restored(tx, UUID(made["id"]))
    assert "Cluster restored from backup." in (await owner.http.get(f"/clusters/{made['id']}", headers=HTML)).text
    assert (await owner.http.get(f"/api/v1/clusters/{made['id']}")).json()["restored_at"]
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        assert await tx.all(str, "select act from audit_records where act = 'cluster.put_back'") == ["cluster.put_back"]
