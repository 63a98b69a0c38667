"""The pages of access: what they show, whom they refuse, and that their forms do what they say."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.core.access.people import bare, cluster, clusters, given, permissions
from tests.people import Hub, Person

PAGES = ["", "/invitations", "/teams", "/roles", "/grants", "/elevations", "/explanation"]


async def page(person: Person, path: str) -> str:
    answer = await person.http.get(f"/access{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


async def send(person: Person, path: str, at: str | None = None, **fields: Any) -> httpx.Response:
    """Submit a form of the page `at`, with its token."""
    found = re.search(r'name="csrf" value="([^"]+)"', await page(person, path if at is None else at))
    assert found
    return await person.http.post(f"/access{path}", data={"csrf": found[1], **fields})


@pytest.mark.parametrize("path", PAGES)
async def test_each_shows_its_tabs_to_a_reader(viewer: Person, path: str) -> None:
    text = await page(viewer, path)
    assert f'href="/access{path}" aria-current="page"' in text.replace("&#x2f;", "/")
    assert text.count("<h1>") == 1


@pytest.mark.parametrize("path", PAGES)
async def test_without_a_grant_one_sees_oneself_alone(owner: Person, viewer: Person, path: str) -> None:
    await bare(owner, viewer)
    answer = await viewer.http.get(f"/access{path}", headers={"Accept": "text/html"})
    assert answer.status_code == (200 if path in ("/elevations", "/explanation") else 403)
    assert "Mia" not in answer.text or answer.status_code == 403


async def test_a_reader_is_offered_no_change(viewer: Person) -> None:
    for path in ("", "/teams", "/roles", "/grants", "/invitations"):
        main = (await page(viewer, path)).partition("<main")[2].partition("</main>")[0]
        assert 'method="post"' not in main, path


FORMS = [("", "/members"), ("/teams", "/teams"), ("/roles", "/roles"), ("/grants", "/grants")]


@pytest.mark.parametrize(("at", "to"), [*FORMS, ("/elevations", "/elevations"), ("/invitations", "/invitations")])
async def test_a_form_waits_behind_its_button_and_stands_open_after_a_mistake(owner: Person, at: str, to: str) -> None:
    for wrong, waits in ((None, 1), ({"name": "", "reason": "", "email": "nobody"}, 0)):
        text = await page(owner, at) if wrong is None else (await send(owner, to, at=at, **wrong)).text
        main = text.partition("<main")[2].partition("</main>")[0].replace("&#x2f;", "/")
        (form,) = re.findall(rf'<form class="form" method="post" action="/access{to}">', main)
        behind = re.findall(r"<dialog .*?</dialog>", main, re.DOTALL)
        assert sum(form in each for each in behind) == waits
        assert len(re.findall(r'popovertarget="([\w-]+)">', main)) == waits


@pytest.mark.parametrize(("path", "said"), [("/invitations", "sends no mail"), ("/elevations", "The approver decides")])
async def test_a_link_opens_the_form(owner: Person, path: str, said: str) -> None:
    text = await page(owner, f"{path}?new=true")
    assert said in text
    assert "<dialog" not in text.partition("<main")[2].partition("</main>")[0]


class TestMembers:
    async def test_are_added_changed_and_removed(self, owner: Person) -> None:
        new = {"name": "Kim", "email": "kim@example.com", "password": "five geese in the reeds", "role": "viewer"}
        wrong = await send(owner, "/members", at="", **new | {"password": "short"})
        assert wrong.status_code == 422
        assert 'value="kim@example.com"' in wrong.text
        assert (await send(owner, "/members", at="", **new)).status_code == 303
        (kim,) = [each for each in (await owner.http.get("/api/v1/members")).json()["items"] if each["name"] == "Kim"]
        path = f"/members/{kim['id']}"
        assert (await send(owner, f"{path}/roles", at=path, role="operator")).status_code == 303
        text = await page(owner, path)
        assert "<h1>Kim</h1>" in text
        assert ">Operator</a>" in text
        assert (await send(owner, f"{path}/removals", at=path)).headers["location"] == "/access"
        assert (await owner.http.get(f"/access{path}")).status_code == 404

    async def test_the_last_owner_is_told(self, owner: Person) -> None:
        path = f"/members/{owner.by.user_id}"
        answer = await send(owner, f"{path}/roles", at=path, role="viewer")
        assert answer.status_code == 409
        assert "would have no owner" in answer.text

    async def test_show_what_comes_through_a_team(self, owner: Person, viewer: Person) -> None:
        team = (await owner.http.post("/api/v1/teams", json={"name": "SRE"})).json()
        await given(owner, team["id"], "operator", kind="team")
        await owner.http.post(f"/api/v1/teams/{team['id']}/members", json={"member": str(viewer.by.user_id)})
        assert "through the team SRE" in await page(viewer, f"/members/{viewer.by.user_id}")


class TestGrants:
    async def test_are_given_over_clusters_by_name_and_revoked(self, hub: Hub, owner: Person, viewer: Person) -> None:
        for name in ("one", "two", "three"):
            await cluster(hub, owner.by.org_id, name)
        await bare(owner, viewer)
        fields = {"subject": f"user/{viewer.by.user_id}", "role": "viewer", "clusters": "one, two", "hours": "8"}
        assert (await send(owner, "/grants", **fields)).status_code == 303
        assert await clusters(viewer) == {"one", "two"}
        text = await page(owner, "/grants")
        assert "one, two" in text
        (grant,) = (await owner.http.get(f"/api/v1/grants?subject=user/{viewer.by.user_id}")).json()["items"]
        assert grant["expires_at"]
        gone = await send(owner, f"/grants/{grant['id']}/revocations", at="/grants")
        assert gone.headers["location"] == "/access/grants"
        assert await permissions(viewer) == set()

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"clusters": "nowhere"}, "no cluster"),
            ({"labels": "a=b", "region": "eu"}, "in one of these ways"),
            ({"hours": "3"}, "no duration"),
            ({"subject": ""}, "Nobody is chosen"),
        ],
    )
    async def test_mistakes_are_named_and_what_was_typed_stays(
        self, owner: Person, wrong: dict[str, str], said: str
    ) -> None:
        fields = {"subject": f"user/{owner.by.user_id}", "role": "viewer", "reason": "because of the geese"}
        answer = await send(owner, "/grants", **fields | wrong)
        assert answer.status_code == 422
        assert said in answer.text
        assert "because of the geese" in answer.text


class TestTeamsAndRoles:
    async def test_a_team_is_made_filled_renamed_and_deleted(self, owner: Person, viewer: Person) -> None:
        assert (await send(owner, "/teams", name="SRE", description="They run it")).status_code == 303
        (team,) = (await owner.http.get("/api/v1/teams")).json()["items"]
        path = f"/teams/{team['id']}"
        member = str(viewer.by.user_id)
        assert (await send(owner, path, act="add", member=member)).status_code == 303
        assert "Vic" in await page(owner, path)
        assert (await send(owner, path, act="remove", member=member)).status_code == 303
        assert (await send(owner, path, act="rename", name="Ops", description="")).status_code == 303
        assert "Ops" in await page(owner, path)
        assert (await send(owner, path, act="delete")).headers["location"] == "/access/teams"

    async def test_a_role_is_made_changed_and_deleted(self, owner: Person) -> None:
        fields: dict[str, Any] = {"name": "Auditor", "description": "", "permission": ["audit:read"]}
        assert (await send(owner, "/roles", **fields)).status_code == 303
        role = (await owner.http.get("/api/v1/roles")).json()["items"][-1]
        path = f"/roles/{role['id']}"
        changed = fields | {"permission": ["audit:read", "access:read"], "act": "change"}
        assert (await send(owner, path, **changed)).status_code == 303
        assert (await owner.http.get("/api/v1/roles")).json()["items"][-1]["permissions"] == [
            "access:read",
            "audit:read",
        ]
        assert (await send(owner, path, act="delete")).status_code == 303

    async def test_the_matrix_has_every_permission_and_role(self, owner: Person) -> None:
        text = await page(owner, "/roles")
        for each in (await owner.http.get("/api/v1/permissions")).json()["items"]:
            assert f">{each['name']}</small>" in text
        assert len((await owner.http.get("/api/v1/roles")).json()["items"]) == 6


class TestExplanation:
    async def test_tells_why_not_and_who_can_give_it(self, hub: Hub, owner: Person, viewer: Person) -> None:
        one = await cluster(hub, owner.by.org_id, "one")
        text = await page(viewer, f"/explanation?permission=clusters:write&cluster={one}")
        assert "Denied" in text
        assert "the role does not have this permission" in text
        assert "mailto:mia@example.com" in text

    async def test_a_refusal_leads_there(self, viewer: Person) -> None:
        refused = await viewer.http.get("/connect", headers={"Accept": "text/html"})
        assert refused.status_code == 403
        assert "/access/explanation?permission=clusters" in refused.text.replace("&#x2f;", "/")

    async def test_takes_a_cluster_by_name(self, hub: Hub, owner: Person) -> None:
        await cluster(hub, owner.by.org_id, "one")
        assert "These grants give it" in await page(owner, "/explanation?permission=clusters:write&cluster=ONE")
        text = await page(owner, "/explanation?permission=clusters:write&cluster=ONE")
        assert re.search(r'<option value="[0-9a-f-]{36}" selected>one</option>', text)
        wrong = await owner.http.get("/access/explanation?permission=clusters:write&cluster=two")
        assert wrong.status_code == 422

    async def test_chooses_no_permission_for_one_that_is_not(self, owner: Person) -> None:
        wrong = await owner.http.get("/access/explanation?permission=no:such")
        chosen = wrong.text.partition('id="permission"')[2].partition("</select>")[0]
        assert wrong.status_code == 422
        assert "selected" not in chosen
        assert chosen.index('<option value="">') < chosen.index("Make and unmake owners (access:own)")


class TestElevation:
    async def test_is_asked_and_approved(self, owner: Person, viewer: Person) -> None:
        fields = {"role": "operator", "minutes": "30", "reason": "Incident 4711"}
        assert (await send(viewer, "/elevations", **fields | {"reason": " "})).status_code == 422
        assert (await send(viewer, "/elevations", **fields)).status_code == 303
        (asked,) = (await viewer.http.get("/api/v1/elevations")).json()["items"]
        path = f"/elevations/{asked['id']}"
        assert "Incident 4711" in await page(owner, "/elevations")
        assert (await send(owner, path, at="/elevations", act="approve")).status_code == 303
        assert "clusters:write" in await permissions(viewer)
        assert (await send(viewer, path, at="/elevations", act="withdraw")).status_code == 303
        assert "clusters:write" not in await permissions(viewer)


class TestInvitations:
    async def test_show_the_link_once(self, owner: Person) -> None:
        sent = await send(owner, "/invitations", email="kim@example.com", role="viewer")
        assert sent.status_code == 200
        link = re.search(r'id="invitation-link">([^<]+)<', sent.text)
        assert link
        assert "/invitation#" in link[1].replace("&#x2f;", "/")
        assert link[1] not in await page(owner, "/invitations")
        (made,) = (await owner.http.get("/api/v1/invitations")).json()["items"]
        path = f"/invitations/{made['id']}"
        assert "invitation-link" in (await send(owner, path, at="/invitations", act="send")).text
        assert "Withdrawn" in (await send(owner, path, at="/invitations", act="withdraw")).text


async def test_a_form_of_no_session_is_refused(owner: Person, viewer: Person) -> None:
    answer = await owner.http.post("/access/teams", data={"name": "SRE"})
    assert answer.status_code == 403
