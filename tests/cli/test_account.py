"""Which hub, and as whom."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from basefly.cli import account
from basefly.cli.account import Login
from basefly.cli.exits import Exit, Failure


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("BASEFLY_URL", "BASEFLY_TOKEN", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


class TestRemembered:
    def test_nobody_else_can_read_it(self, home: Path) -> None:
        place = account.remember("https://a", Login("secret-a"))
        assert place == home / ".config/basefly/hubs.json"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        assert list(place.parent.iterdir()) == [place]

    def test_the_last_one_is_in_use(self) -> None:
        account.remember("https://a", Login("secret-a"))
        account.remember("https://b", Login("secret-b"))
        here = account.current()
        assert (here.url, here.token) == ("https://b", "secret-b")

    def test_a_token_goes_to_its_own_hub_only(self) -> None:
        account.remember("https://a", Login("secret-a"))
        assert account.current("https://b").token == ""
        assert account.current("HTTPS://A/").token == "secret-a"

    def test_forgetting_one_leaves_the_others(self) -> None:
        account.remember("https://a", Login("secret-a"))
        account.remember("https://b", Login("secret-b"))
        assert account.forget("https://b") == Login("secret-b")
        assert account.forget("https://b") is None
        assert account.current("https://a").token == "secret-a"

    def test_no_repr_tells_it(self) -> None:
        account.remember("https://a", Login("secret-a", "mia@example.com"))
        assert "secret" not in repr(account.current()) + repr(account.read())

    def test_a_file_that_cannot_be_read(self, home: Path) -> None:
        account.remember("https://a", Login("secret-a")).write_text('{"hubs": {"https://a": {"token": 5}}}')
        with pytest.raises(Failure, match="cannot be read as sign-ins"):
            account.current()

    def test_xdg_says_where(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
        assert account.path() == home / "elsewhere/basefly/hubs.json"
        monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
        assert account.path() == home / ".config/basefly/hubs.json"


class TestGiven:
    def test_the_environment_comes_before_what_is_remembered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account.remember("https://a", Login("secret-a"))
        monkeypatch.setenv("BASEFLY_URL", "https://c/")
        monkeypatch.setenv("BASEFLY_TOKEN", " secret-c\n")
        here = account.current()
        assert (here.url, here.token) == ("https://c", "secret-c")

    def test_without_anything_it_is_this_machine(self) -> None:
        assert account.current().url == "http://127.0.0.1:8080"

    @pytest.mark.parametrize(
        ("given", "normal"),
        [
            ("basefly.example.com", "https://basefly.example.com"),
            (" http://H:80/ ", "http://h:80"),
            ("https://h/basefly/", "https://h/basefly"),
        ],
    )
    def test_an_address_is_remembered_one_way(self, given: str, normal: str) -> None:
        assert account.normal(given) == normal

    @pytest.mark.parametrize("given", ["ftp://h", "https://", "https://user:pw@h", "https://h?x=1", "file:///etc"])
    def test_what_is_no_address(self, given: str) -> None:
        with pytest.raises(Failure, match="no address") as caught:
            account.normal(given)
        assert caught.value.exit_code is Exit.USAGE


def test_a_hub_on_this_machine_is_found_at_its_port(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "BASEFLY_PORT": "9000"}
    assert account.current(environ=environ).url == "http://127.0.0.1:9000"
    assert account.current("https://hub.example.com", environ).url == "https://hub.example.com"
