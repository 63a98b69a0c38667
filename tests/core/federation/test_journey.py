"""Sign-in with a certified provider, over HTTP from the first page to the last."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.core.factors.people import with_app
from tests.core.federation.conftest import Company


async def rows(company: Company, query: str) -> list[dict[str, Any]]:
    async with company.hub.house.db.transaction(company.owner.by.org_id) as tx:
        return await tx.all(dict, query)


class TestSignIn:
    async def test_makes_the_person_their_groups_and_a_session(self, company: Company) -> None:
        ann = company.journey()
        answer = await ann.sign_in("ann", f"{ann.start}?next=/clusters")
        assert (answer.status_code, answer.headers.get("location")) == (303, "/clusters"), answer.text
        me = (await ann.me()).json()
        assert (me["name"], me["email"], me["role"]) == ("Ann Archer", "ann@acme.example", "viewer")
        groups = await rows(company, "select issuer, name from user_groups order by name")
        issuer = company.provider.issuer
        assert groups == [{"issuer": issuer, "name": "platform"}, {"issuer": issuer, "name": "sre"}]
        acts = await rows(company, "select act from audit_records where act in ('member.added', 'session.federated')")
        assert sorted(each["act"] for each in acts) == ["member.added", "session.federated"]
        assert await rows(company, "select * from federation_flows") == []

    async def test_the_second_time_it_is_the_same_person(self, company: Company) -> None:
        first, second = company.journey(), company.journey()
        await first.sign_in("ann")
        await second.sign_in("ann")
        assert (await first.me()).json()["id"] == (await second.me()).json()["id"]

    async def test_sign_out_at_the_provider_ends_the_session_here(self, company: Company) -> None:
        ann = company.journey()
        await ann.sign_in("ann")
        assert (await ann.me()).status_code == 200
        await ann.visitor.sign_out()
        for _ in range(100):
            if (await ann.me()).status_code == 401:
                break
            await asyncio.sleep(0.05)
        assert (await ann.me()).status_code == 401
        ended = await rows(company, "select detail from audit_records where act = 'session.ended'")
        assert [each["detail"]["by"] for each in ended] == ["provider"]

    async def test_whoever_has_a_second_factor_here_proves_it_too(self, company: Company) -> None:
        first, second = company.journey(), company.journey()
        await first.sign_in("ann")
        app, _ = await with_app(first.http)
        answer = await second.sign_in("ann", f"{second.start}?next=/clusters")
        assert answer.headers["location"] == "/sign-in/second-step?next=%2Fclusters"
        assert (await second.me()).status_code == 401
        assert (await second.http.post("/api/v1/sessions/second-steps", json={"totp": app.code()})).status_code == 201
        assert (await second.me()).json()["name"] == "Ann Archer"
        await second.visitor.sign_out()
        for _ in range(100):
            if (await second.me()).status_code == 401:
                break
            await asyncio.sleep(0.05)
        assert (await second.me()).status_code == 401

    async def test_sign_out_at_the_provider_closes_what_is_open_within_ten_seconds(self, company: Company) -> None:
        ann = company.journey()
        await ann.sign_in("ann")
        async with ann.http.stream("GET", "/live?topic=things/*") as stream:
            assert stream.status_code == 200
            lines = stream.aiter_lines()
            await anext(lines)
            await ann.visitor.sign_out()
            async with asyncio.timeout(10):
                left = [line async for line in lines]
        assert len(left) < 20

    async def test_another_person_s_session_goes_on(self, company: Company) -> None:
        ann, ben = company.journey(), company.journey()
        await ann.sign_in("ann")
        await ben.sign_in("ben")
        await ann.visitor.sign_out()
        async with asyncio.timeout(10):
            while (await ann.me()).status_code != 401:
                await asyncio.sleep(0.05)
        assert (await ben.me()).status_code == 200


class TestWhoComesIn:
    async def test_nobody_is_made_where_that_is_not_wanted(self, company: Company) -> None:
        await company.change(create_role="")
        ann = company.journey()
        assert (await ann.sign_in("ann")).status_code == 401
        assert await rows(company, "select 1 from federated_identities") == []

    async def test_an_address_alone_opens_no_account(self, company: Company) -> None:
        invited = {"email": "ann@acme.example", "name": "Ann", "password": "seven herons at the quay"}
        assert (await company.owner.http.post("/api/v1/members", json=invited)).status_code == 201
        known, unknown = company.journey(), company.journey()
        one, other = await known.sign_in("ann"), await unknown.sign_in("uma")  # uma's address is not verified
        assert (one.status_code, other.status_code) == (401, 401)
        assert "belongs to no account here" in one.text
        assert "belongs to no account here" in other.text

    async def test_only_named_domains(self, company: Company) -> None:
        await company.change(domains=["acme.example"])
        ben, ann = company.journey(), company.journey()
        assert (await ben.sign_in("ben")).status_code == 401
        assert (await ann.sign_in("ann")).status_code == 303

    async def test_who_was_removed_stays_out(self, company: Company) -> None:
        ann = company.journey()
        await ann.sign_in("ann")
        me = (await ann.me()).json()["id"]
        assert (await company.owner.http.delete(f"/api/v1/members/{me}")).status_code == 204
        assert (await ann.me()).status_code == 401
        assert (await company.journey().sign_in("ann")).status_code == 401

    async def test_groups_are_called_as_the_organization_calls_them(self, company: Company) -> None:
        await company.journey().sign_in("ann")
        await company.change(group_names={"sre": "on-call"})
        await company.journey().sign_in("ann")
        assert await rows(company, "select name from user_groups") == [{"name": "on-call"}]

    async def test_a_removed_provider_lets_nobody_in(self, company: Company) -> None:
        ann = company.journey()
        address = await ann.visitor.sign_in(await ann.set_out(), "ann")
        await company.owner.http.delete(f"/api/v1/identity-providers/{company.provider_id}")
        assert (await ann.back(address)).status_code == 401
