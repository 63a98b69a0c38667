"""Colour, control characters, questions."""

from __future__ import annotations

import io

import pytest

from basefly.cli import terminal
from basefly.cli.exits import Exit, Failure


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


class TestColour:
    def test_on_a_terminal_only(self) -> None:
        assert terminal.paint("x", "red", Tty()) == "\x1b[31mx\x1b[0m"
        assert terminal.paint("x", "red", io.StringIO()) == "x"
        assert terminal.paint("x", None, Tty()) == "x"

    @pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
    def test_not_where_it_is_not_wanted(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        assert terminal.paint("x", "red", Tty()) == "x"

    def test_an_empty_wish_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "")
        assert terminal.coloured(Tty())


def test_text_from_elsewhere_cannot_steer_the_terminal() -> None:
    assert terminal.clean("a\x1b]0;x\x07\r\nb\x9b2J\u202ec\tü") == "a\\x1b]0;x\\x07\\x0d\\x0ab\\x9b2J\\u202ec\\x09ü"
    assert terminal.clean_lines("a\n\tb\x1b") == "a\n\tb\\x1b"


def test_a_failure_is_told_with_its_notes_and_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.tell(Failure("It is wrong\x1b.", cure="Mend it.", notes=("here", "and there\n")))
    assert capsys.readouterr().err == "error: It is wrong\\x1b.\n  - here\n  - and there\\x0a\n  try: Mend it.\n"


class TestNobodyThere:
    """Without a terminal nothing is asked, and the way out is named."""

    def test_a_question(self) -> None:
        with pytest.raises(Failure, match="Your name is needed") as caught:
            terminal.ask("Your name", instead="Give it with --name.")
        assert (caught.value.exit_code, caught.value.cure) == (Exit.USAGE, "Give it with --name.")

    def test_a_confirmation(self) -> None:
        with pytest.raises(Failure, match="Remove it"):
            terminal.sure("Remove it?", yes=False)
        terminal.sure("Remove it?", yes=True)
