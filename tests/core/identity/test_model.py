"""Rules of passwords and secrets."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest

from basefly.base.errors import Invalid
from basefly.core.identity import model


class TestPassword:
    @pytest.mark.parametrize(
        "password",
        [
            "short",
            "password1234",
            "PASSWORD!!!!",
            "123456789012",
            "aaaaaaaaaaaaaaaa",
            "mia@example.com",
            "x" * 201,
            "trustno1trustno1",  # a breached one, twice
            "Mia-Mia-Mia-Mia",  # one's own name
            "kubernetes2026",
            "1qaz2wsx3edc4rfv",  # a walk over the keyboard
            "P@ssw0rd!P@ss",  # other letters for the same
            "iloveyou2024!!",
        ],
    )
    def test_refused(self, password: str) -> None:
        with pytest.raises(Invalid) as caught:
            model.check_password(password, email="Mia@example.com", name="Mia")
        assert caught.value.errors[0].pointer == "/password"

    @pytest.mark.parametrize(
        "password", ["seven herons at the quay", " leading space kept", "ünïcödé wörds äre fine", "x9" * 3 + "qlwmnr"]
    )
    def test_taken(self, password: str) -> None:
        model.check_password(password, email="mia@example.com", name="Mia")


def test_the_longest_password_is_judged_in_time() -> None:
    began = time.perf_counter()
    model.check_password("herons " * 28)
    assert time.perf_counter() - began < 3


class TestEmail:
    @pytest.mark.parametrize("email", ["mia@example.com", "mia.o'neil+hub@sub.example.com", "mïa@exämple.com"])
    def test_taken(self, email: str) -> None:
        model.check_email(email)

    @pytest.mark.parametrize(
        "email",
        [
            "mia",
            "@example.com",
            "mia@",
            "mia@example.com,sam@example.com",
            "Mia <mia@example.com>",
            "mia@ex ample.com",
            "mia@example.com\nBcc: sam@example.com",
            "mia@@example.com",
            "x" * 250 + "@example.com",
        ],
    )
    def test_refused(self, email: str) -> None:
        with pytest.raises(Invalid):
            model.check_email(email)


class TestSecret:
    def test_names_its_organization_and_nothing_else(self) -> None:
        org_id = uuid4()
        first, second = model.mint(org_id), model.mint(org_id)
        assert model.organization_of(first.reveal()) == org_id
        assert first != second
        assert first.reveal() not in repr(first)

    @pytest.mark.parametrize("text", ["", "x", "AAAA", "ä" * 64, "=" * 64, "A" * 63, "A" * 65])
    def test_anything_else_names_none(self, text: str) -> None:
        assert model.organization_of(text) is None
