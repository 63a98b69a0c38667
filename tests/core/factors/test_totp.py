"""Codes of authenticator apps."""

from __future__ import annotations

from datetime import UTC, datetime

import pyotp
import pytest

from basefly.core.factors import totp

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = datetime(2026, 5, 4, 12, 0, 7, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


def at(offset: int) -> str:
    return pyotp.TOTP(SECRET).at((STEP + offset) * 30)


class TestStep:
    @pytest.mark.parametrize(("offset", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_one_step_each_way_is_let_through(self, offset: int, taken: bool) -> None:
        assert totp.step(SECRET, at(offset), last=0, now=NOW) == (STEP + offset if taken else None)

    def test_no_code_is_taken_twice_nor_one_before_it(self) -> None:
        assert totp.step(SECRET, at(0), last=STEP, now=NOW) is None
        assert totp.step(SECRET, at(-1), last=STEP, now=NOW) is None
        assert totp.step(SECRET, at(1), last=STEP, now=NOW) == STEP + 1

    def test_spaces_are_forgiven(self) -> None:
        assert totp.step(SECRET, f" {at(0)[:3]} {at(0)[3:]} ", last=0, now=NOW) == STEP

    @pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345"])
    def test_what_is_no_code_is_refused(self, code: str) -> None:
        assert totp.step(SECRET, code, last=0, now=NOW) is None


def test_the_picture_is_svg_without_script_or_style() -> None:
    shown = totp.shown(SECRET, "mia@example.com")
    assert shown.uri == f"otpauth://totp/Basefly:mia%40example.com?secret={SECRET}&issuer=Basefly"
    assert shown.qr.startswith("<svg")
    assert "style=" not in shown.qr
    assert "<script" not in shown.qr
