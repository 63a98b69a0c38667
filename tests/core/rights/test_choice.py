"""Choosing whose rules decide what people see: the owner may, it is on record, and nobody else may or learns of it."""

from __future__ import annotations

import re

from tests.people import Person

HUB, CLUSTERS = {"choice": "hub"}, {"choice": "clusters"}


class TestChoosing:
    async def test_works_and_leaves_a_record(self, owner: Person) -> None:
        assert (await owner.http.get("/api/v1/rights")).json()["chosen"]["choice"] == "hub"
        answer = await owner.http.put("/api/v1/rights", json=CLUSTERS)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["choice"], answer.json()["changed_by"]) == ("clusters", "Mia")
        (record,) = await records(owner)
        assert (record["outcome"], record["before"], record["after"]) == ("done", HUB, CLUSTERS)

    async def test_the_same_again_is_no_change(self, owner: Person) -> None:
        assert (await owner.http.put("/api/v1/rights", json=HUB)).status_code == 200
        assert await records(owner) == []

    async def test_a_reader_is_refused(self, viewer: Person, owner: Person) -> None:
        for answer in (
            await viewer.http.get("/api/v1/rights"),
            await viewer.http.put("/api/v1/rights", json=CLUSTERS),
            await viewer.http.get("/access/visibility"),
        ):
            assert answer.status_code == 403, answer.text
        assert (await owner.http.get("/api/v1/rights")).json()["chosen"]["choice"] == "hub"

    async def test_another_organization_has_its_own(self, owner: Person, stranger: Person) -> None:
        await owner.http.put("/api/v1/rights", json=CLUSTERS)
        assert (await stranger.http.get("/api/v1/rights")).json() == {"chosen": {**NOTHING}, "clusters": []}

    async def test_what_is_no_choice_is_told(self, owner: Person) -> None:
        answer = await owner.http.put("/api/v1/rights", json={"choice": "everything"})
        assert answer.status_code == 422, answer.text
        assert "hub, clusters" in answer.json()["cure"]

    async def test_by_the_page(self, owner: Person) -> None:
        page = await owner.http.get("/access/visibility")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf, page.text
        assert 'aria-current="page">Visibility</a>' in page.text
        answer = await owner.http.post("/access/visibility", data={"csrf": csrf[1], **CLUSTERS})
        assert answer.headers["location"] == "/access/visibility", answer.text
        assert (await owner.http.get("/api/v1/rights")).json()["chosen"]["choice"] == "clusters"


NOTHING = {"choice": "hub", "changed_at": None, "changed_by": ""}


async def records(person: Person) -> list[dict[str, object]]:
    items = (await person.http.get("/api/v1/audit", params={"limit": 500})).json()["items"]
    return [item for item in items if item["act"] == "rights.chosen"]
