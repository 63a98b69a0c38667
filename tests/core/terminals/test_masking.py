"""What is masked of what is typed and shown."""

from __future__ import annotations

import time

import pytest

from basefly.core.terminals.recording.lines import Event, Events
from basefly.core.terminals.recording.masking import echoed, masked


def told(events: list[Event], kind: str) -> str:
    return "".join(event.text for event in events if event.kind == kind)


def typed_by_hand(events: Events, keys: str, *, shown: bool = True, at: float = 0.0) -> float:
    for key in keys:
        at += 0.1
        events.typed(at, key.encode())
        if shown:
            events.shown(at + 0.01, key.encode() if key != "\r" else b"\r\n")
    return at


class TestPasswords:
    def test_that_nobody_shows_back_are_dots(self) -> None:
        events = Events(terminal=True)
        at = typed_by_hand(events, "sudo su\r")
        events.shown(at + 0.1, b"Password: ")
        at = typed_by_hand(events, "hunter2\r", shown=False, at=at + 0.2)
        events.shown(at + 0.1, b"\r\nSorry, hunters are not let in.\r\n")
        kept = events.ready(at + 0.2)
        assert told(kept, "i") == "sudo su\r•••••••\r"

    def test_that_are_pasted_are_dots(self) -> None:
        events = Events(terminal=True)
        events.shown(0.0, b"Password: ")
        events.typed(0.1, b"a\r")
        events.shown(0.2, b"\r\nSorry, try again.\r\n")
        assert told(events.ready(0.3), "i") == "•\r"

    def test_that_come_before_their_answer_wait_for_it(self) -> None:
        events = Events(terminal=True)
        events.typed(0.1, b"hunter2\r")
        assert events.ready(0.2) == []
        assert told(events.ready(0.3, all_=True), "i") == "•••••••\r"

    def test_stars_are_no_echo(self) -> None:
        events = Events(terminal=True)
        for at, key in enumerate("hunter2"):
            events.typed(at / 10, key.encode())
            events.shown(at / 10, b"*")
        events.typed(1.0, b"\r")
        events.shown(1.1, b"\r\n")
        assert told(events.ready(1.2), "i") == "•••••••\r"


class TestCommands:
    def test_that_are_shown_back_can_be_read(self) -> None:
        events = Events(terminal=True)
        events.typed(0.1, b"ls -la\r")
        events.shown(0.2, b"ls -la\r\ntotal 0\r\n")
        assert told(events.ready(0.3), "i") == "ls -la\r"

    def test_that_are_completed_can_be_read(self) -> None:
        assert echoed("cat /et\tho\t\x1b[D\r", "cat /et\x1b[1mc/ho\x1b[0msts")

    def test_secrets_in_them_are_dots_where_typed_and_where_shown(self) -> None:
        events = Events(terminal=True)
        at = typed_by_hand(events, "export DB_PASSWORD=nineherons\r")
        kept = events.ready(at + 0.1)
        for kind in "io":
            assert told(kept, kind).startswith("export DB_PASSWORD=••••••••••\r")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("mysql --password=s3cretpw -h db", "s3cretpw"),
        ("curl -H 'Authorization: Bearer abc.def.ghi12'", "abc.def.ghi12"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "wJalrXUtnFEMI"),
        ("aws configure set k AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),  # pragma: allowlist secret
        ("git clone https://mia:hunter2@example.com/x", "hunter2"),  # pragma: allowlist secret
        ('{"token": "0123456789abcdef"}', "0123456789abcdef"),
        ("ghp_0123456789abcdefghij0123456789abcdefghij", "ghp_0123456789abcdefghij0123456789abcdefghij"),
    ],
)
def test_what_looks_like_a_secret_is_dots(text: str, secret: str) -> None:
    assert secret not in masked(text)
    assert len(masked(text)) == len(text)


def test_private_keys_are_dots_over_all_their_lines() -> None:
    text = "-----BEGIN RSA PRIVATE KEY-----\r\nMIIEow\r\nIBAAKC==\r\n-----END RSA PRIVATE KEY-----\r\n"
    clean = masked(text)
    assert "MIIEow" not in clean
    assert "IBAAKC" not in clean
    assert clean.startswith("-----BEGIN RSA PRIVATE KEY-----\r\n••••••\r\n")


@pytest.mark.parametrize("text", ["kubectl get pods -n shop", "cat /etc/passwd", "tokens are counted", "pwd", ""])
def test_what_does_not_stays(text: str) -> None:
    assert masked(text) == text


def test_hostile_text_takes_no_time() -> None:
    begun = time.perf_counter()
    for hostile in ("a" * 200_000, "a.-" * 60_000, "--" * 100_000, "://a:" * 40_000, "token " * 30_000):
        masked(hostile)
    assert time.perf_counter() - begun < 5


class TestOutput:
    def test_beyond_the_limit_is_left_out_and_input_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("basefly.core.terminals.recording.lines.MOST_OUTPUT", 10)
        events = Events(terminal=False)
        for _ in range(3):
            events.shown(0.1, b"heron\n")
        events.typed(0.2, b"still here\n")
        kept = events.ready(0.3)
        assert told(kept, "o") == "heron\n"
        assert told(kept, "i") == "still here\n"
        assert sum(event.kind == "m" for event in kept) == 1

    def test_in_pieces_of_characters_is_whole(self) -> None:
        events = Events(terminal=True)
        for byte in "größe €".encode():
            events.shown(0.1, bytes((byte,)))
        assert told(events.ready(0.2), "o") == "größe €"

    def test_what_is_no_text_is_counted(self) -> None:
        events = Events(terminal=False)
        events.typed(0.1, b"\x00" * 512)
        assert told(events.ready(0.2), "i") == "[512 bytes that are no text]"
