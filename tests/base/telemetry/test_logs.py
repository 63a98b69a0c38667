"""What the log must not say."""

from __future__ import annotations

import asyncio

import pytest

from basefly.base.secret import Secret
from basefly.base.telemetry import logs
from basefly.base.telemetry.logs import discreet


def logged(**event: object) -> str:
    return repr(discreet(None, "info", dict(event)))


class TestSecrets:
    @pytest.mark.parametrize(
        "name", ["password", "token", "Authorization", "cookie", "kubeconfig", "client_secret", "api_key"]
    )
    def test_are_starred_by_their_name(self, name: str) -> None:
        assert "hunter2" not in logged(**{name: "hunter2"})

    def test_are_starred_deep_inside(self) -> None:
        assert "hunter2" not in logged(request={"headers": [{"authorization": "hunter2"}]})

    def test_are_starred_as_secret(self) -> None:
        assert "hunter2" not in logged(value=Secret("hunter2"), values=[Secret("hunter2")])

    @pytest.mark.parametrize(
        "text",
        [
            "sent basefly_TylxreRCS2QkgPtDOqkf3eZUV2ZLUMvVA5MkOk25bYkkmSLUIa0EBKt4GYlx3l on",
            "Authorization: Bearer hunter2hunter2",
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl",
            "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
            "postgresql://mia:hunter2@db/basefly",
        ],
    )
    def test_are_starred_by_their_look(self, text: str) -> None:
        shown = logged(event=text)
        assert "***" in shown
        for part in ("hunter2", "Tylxre", "c2lnbmF0dXJl"):
            assert part not in shown

    def test_what_is_no_secret_stays(self) -> None:
        assert discreet(None, "info", {"tokens": 3, "path": "/api/v1/tokens", "nothing": None}) == {
            "tokens": "***",
            "path": "/api/v1/tokens",
            "nothing": None,
        }


class TestLines:
    def test_nothing_breaks_out_of_its_line(self) -> None:
        shown = discreet(None, "info", {"path": '/a\r{"forged": 1}\x1b[31m\u2028'})["path"]
        assert shown == '/a\\r{"forged": 1}\\x1b[31m\\u2028'


def test_a_connection_that_was_closed_under_a_write_is_no_event(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    try:
        closed = RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
        logs.of_loop(loop, {"message": "Fatal error on SSL protocol", "exception": closed})
        assert caplog.records == []
        logs.of_loop(loop, {"message": "Task exception was never retrieved", "exception": RuntimeError("a mistake")})
        assert [record.levelname for record in caplog.records] == ["ERROR"]
    finally:
        loop.close()
