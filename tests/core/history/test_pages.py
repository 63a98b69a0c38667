"""The pages of history, and the person behind a change that came through the hub."""

from __future__ import annotations

from basefly.sim import Cluster
from tests.core.history.conftest import History
from tests.core.history.test_history import scaled
from tests.people import Person


async def test_a_change_through_the_hub_names_who_made_it_to_whoever_may_read_the_audit(
    cluster: Cluster, berlin: str, history: History, owner: Person, viewer: Person
) -> None:
    target = {"cluster": berlin, "resource": "deployments.apps", "namespace": "shop", "name": "old"}
    answer = await owner.http.post("/api/v1/object-changes", json={"verb": "scale", "replicas": 6, "objects": [target]})
    assert answer.json()["results"][0]["outcome"] == "done", answer.text
    latest = (await history("deployments.apps", "old", entries=2))[0]
    assert (latest["act"]["actor"], latest["act"]["act"]) == ("Mia", "object.changed")
    record = await owner.http.get(f"/audit/records/{latest['act']['record']}")
    assert record.status_code == 200
    path = f"/api/v1/clusters/{berlin}/objects/deployments.apps/old/history"
    seen = (await viewer.http.get(path, params={"namespace": "shop"})).json()["items"][0]
    assert seen["act"] is None


async def test_the_page_of_an_object_tells_its_life_what_differs_and_what_it_was(
    cluster: Cluster, berlin: str, history: History, owner: Person, stranger: Person
) -> None:
    cluster.api.change("deployments.apps", "old", "shop", by=scaled(7))
    late, early = await history("deployments.apps", "old", entries=2)
    page = f"/clusters/{berlin}/objects/deployments.apps/old/history?namespace=shop"
    plain = await owner.http.get(page)
    assert plain.status_code == 200
    assert "spec.replicas" in plain.text
    assert 'class="removed"' not in plain.text
    shown = await owner.http.get(f"{page}&shown={late['version']}")
    assert 'class="removed"' in shown.text
    compared = await owner.http.get(f"{page}&before={early['version']}&after={late['version']}")
    assert "What differs" in compared.text
    past = await owner.http.get(f"{page}&at={early['version']}")
    assert "As it was" in past.text
    never = await owner.http.get(f"{page}&at=2001-01-01T00:00")
    assert never.status_code == 404
    assert "That moment cannot be shown" in never.text
    assert (await stranger.http.get(page)).status_code == 404
    nothing = await owner.http.get(f"/clusters/{berlin}/objects/pods/no-such/history?namespace=shop")
    assert "no versions are kept" in nothing.text


async def test_the_page_of_changes_and_its_settings(
    cluster: Cluster, berlin: str, history: History, owner: Person, viewer: Person
) -> None:
    cluster.api.change("deployments.apps", "old", "shop", by=scaled(7))
    await history("deployments.apps", "old", entries=2)
    page = await owner.http.get("/changes?q=old&kind=deployments.apps&since=1h")
    assert "spec.replicas" in page.text
    assert "No change matches" in (await owner.http.get("/changes?q=nowhere")).text
    assert (await owner.http.get("/changes?cursor=nonsense")).status_code == 422
    settings = await viewer.http.get("/changes/settings")
    assert settings.status_code == 200
    assert '<form class="form narrow"' not in settings.text
