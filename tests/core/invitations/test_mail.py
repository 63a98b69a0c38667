"""Invitations that go out by mail, through a real relay."""

from __future__ import annotations

import pytest

from basefly.base.runtime.house import House
from tests.core.identity.post import Mailbox, deliver
from tests.core.invitations.test_invitations import PATH, accept, invite
from tests.people import Hub, Person


@pytest.fixture
def house(relayed: House) -> House:
    return relayed


async def test_nobody_is_shown_the_link(hub: Hub, owner: Person, mailbox: Mailbox) -> None:
    made = await invite(owner)
    assert made["link"] is None
    await deliver(hub)
    (mail,) = mailbox.mails
    assert (mail["to"], mail["subject"]) == ("kim@example.com", "You are invited to Acme on Basefly")
    assert "Mia invites you to Acme on Basefly, as operator." in mail.get_content()
    assert (await accept(hub, mailbox.secret())).status_code == 201


async def test_a_withdrawn_one_is_not_sent(hub: Hub, owner: Person, mailbox: Mailbox) -> None:
    made = await invite(owner)
    assert (await owner.http.delete(f"{PATH}/{made['id']}")).status_code == 204
    await deliver(hub)
    assert mailbox.mails == []


async def test_sent_again_only_the_last_link_works(hub: Hub, owner: Person, mailbox: Mailbox) -> None:
    made = await invite(owner)
    await deliver(hub)
    first = mailbox.secret()
    assert (await owner.http.post(f"{PATH}/{made['id']}/sendings")).status_code == 201
    await deliver(hub)
    assert (await accept(hub, first)).status_code == 403
    assert (await accept(hub, mailbox.secret())).status_code == 201
