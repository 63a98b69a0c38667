"""The editor and the page that applies files, as forms without script."""

from __future__ import annotations

from html import unescape
from typing import Any

from basefly.sim import Cluster
from tests.core.editing.conftest import WEB
from tests.core.editing.test_applying import MAP, maps
from tests.core.editing.test_edits import live, owned_by_flux
from tests.core.gateway.test_verbs import csrf
from tests.people import Person

EDIT = f"/{WEB}/edit?namespace=default"


def area(page: str, name: str) -> str:
    """What stands in a text field."""
    text = page.partition(f'name="{name}"')[2].partition(">")[2].partition("</textarea>")[0]
    return unescape(text).removeprefix("\n")


async def opened(person: Person) -> dict[str, str]:
    return filled((await person.http.get(EDIT)).text)


def filled(page: str) -> dict[str, str]:
    """The form of a page as it stands."""
    return {"csrf": csrf(page), "original": area(page, "original"), "text": area(page, "text")}


async def press(person: Person, form: dict[str, Any], do: str) -> Any:
    return await person.http.post(EDIT, data={**form, "do": do})


class TestEditor:
    async def test_is_offered_to_whoever_may(self, owner: Person, viewer: Person, prod: str) -> None:
        path = f"/clusters/{prod}/objects/deployments.apps/web?namespace=default"
        assert "/web/edit?" in unescape((await owner.http.get(path)).text)
        assert "/web/edit?" not in unescape((await viewer.http.get(path)).text)
        assert (await viewer.http.get(EDIT)).status_code == 403

    async def test_from_the_text_over_the_difference_to_the_deed(
        self, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        form = await opened(owner)
        form["text"] = form["text"].replace("replicas: 1", "replicas: 4").replace("\n", "\r\n")
        review = await press(owner, form, "review")
        assert "What would change" in review.text
        assert "replicas: 4" in review.text
        assert live(cluster)["spec"]["replicas"] == 1
        carried = {
            "csrf": csrf(review.text),
            "original": area(review.text, "original"),
            "text": area(review.text, "text"),
        }
        done = await press(owner, carried, "make")
        assert done.status_code == 303
        assert live(cluster)["spec"]["replicas"] == 4

    async def test_a_mistake_keeps_the_text(self, owner: Person, prod: str) -> None:
        form = await opened(owner)
        form["text"] += "spec: [\n"
        answer = await press(owner, form, "review")
        assert answer.status_code == 422
        assert "data-line=" in answer.text
        assert area(answer.text, "text") == form["text"]

    async def test_what_others_own_is_left_or_taken(self, owner: Person, prod: str, cluster: Cluster) -> None:
        await owned_by_flux(cluster)
        form = await opened(owner)
        form["text"] = form["text"].replace("replicas: 1", "replicas: 4\n  minReadySeconds: 9")
        review = (await press(owner, form, "review")).text
        assert "flux" in review
        assert ".spec.replicas" in review
        contested = await press(owner, form, "make")
        assert "Take over and apply" in contested.text
        left = (await press(owner, form, "leave")).text
        assert "replicas: 1" in area(left, "text")
        assert "minReadySeconds: 9" in area(left, "text")
        assert (await press(owner, form, "take")).status_code == 303
        assert live(cluster)["spec"]["replicas"] == 4

    async def test_what_moved_is_shown_and_the_edit_goes_on(self, owner: Person, prod: str, cluster: Cluster) -> None:
        form = await opened(owner)
        form["text"] = form["text"].replace("replicas: 1", "replicas: 4")
        found = live(cluster)
        found["spec"]["minReadySeconds"] = 7
        cluster.api.replace(found)
        shown = (await press(owner, form, "make")).text
        assert "Others have changed it meanwhile." in shown
        assert live(cluster)["spec"]["replicas"] == 1
        again = filled(shown)
        assert "minReadySeconds: 7" in again["text"]
        assert (await press(owner, again, "make")).status_code == 303
        assert live(cluster)["spec"]["replicas"] == 4

    async def test_a_secret_is_kept_nowhere(self, owner: Person, prod: str, cluster: Cluster) -> None:
        meta = {"name": "key", "namespace": "default"}
        cluster.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"a": "c2VjcmV0"}})
        answer = await owner.http.get("/clusters/prod/objects/secrets/key/edit?namespace=default")
        assert answer.headers["cache-control"] == "no-store"

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, prod: str) -> None:
        assert (await stranger.http.get(EDIT)).status_code == 404


class TestApply:
    async def test_pasted_and_uploaded_tried_then_applied(self, owner: Person, prod: str, cluster: Cluster) -> None:
        token = csrf((await owner.http.get("/apply")).text)
        form = {"csrf": token, "text": MAP, "cluster": prod, "namespace": "default", "do": "review"}
        files = [("file", (name, MAP.replace("name: a", f"name: {name}"))) for name in ("b", "c")]
        tried = await owner.http.post("/apply", data=form, files=files)
        assert tried.status_code == 200, tried.text
        assert tried.text.count("Would be created") == 3
        assert maps(cluster) == []
        kept = {"kept_name": ["x", "y"], "kept_text": [MAP, MAP.replace("name: a", "name: b")]}
        done = await owner.http.post("/apply", data={**form, **kept, "text": "", "do": "apply"})
        assert done.text.count("Created") == 2
        assert maps(cluster) == ["a", "b"]

    async def test_a_mistake_is_told_in_place(self, owner: Person, prod: str) -> None:
        token = csrf((await owner.http.get("/apply")).text)
        answer = await owner.http.post("/apply", data={"csrf": token, "text": "a: [", "cluster": prod})
        assert answer.status_code == 422
        assert "it is no YAML" in answer.text
        assert area(answer.text, "text") == "a: ["

    async def test_whoever_may_only_look_is_refused(self, viewer: Person, prod: str) -> None:
        assert (await viewer.http.get("/apply")).status_code == 403
