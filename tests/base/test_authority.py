"""The hub's own authority: what it signs is believed under the names it was signed for, by whoever trusts it."""

from __future__ import annotations

import ssl
from pathlib import Path

import msgspec
import pytest

from basefly.base.authority import Authority, listening
from basefly.base.settings import Settings, SettingsError


@pytest.fixture
def authority() -> Authority:
    return Authority.read(Authority.make())


def shake_hands(server: ssl.SSLContext, trusted: str, name: str) -> ssl.SSLObject:
    """The server's end of a handshake in memory with a client that trusts one authority and asks for a name."""
    client = ssl.create_default_context(cadata=trusted)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for end in (ours, theirs):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert ours.cipher()
    return theirs


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_listener_is_believed_under_its_names(authority: Authority, tmp_path: Path, name: str) -> None:
    server = listening(Settings(data_dir=tmp_path), authority)
    assert shake_hands(server, authority.certificate, name).version() in ("TLSv1.2", "TLSv1.3")


def test_under_another_name_or_to_others_it_is_not(authority: Authority, tmp_path: Path) -> None:
    server = listening(Settings(data_dir=tmp_path), authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, authority.certificate, "example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, Authority.read(Authority.make()).certificate, "localhost")


def test_hubs_of_one_database_are_believed_alike(tmp_path: Path) -> None:
    made = Authority.make()
    one, other = Authority.read(made), Authority.read(made)
    assert one.certificate == other.certificate
    shake_hands(listening(Settings(data_dir=tmp_path), other), one.certificate, "localhost")


def test_its_key_is_for_our_eyes_only(authority: Authority, tmp_path: Path) -> None:
    listening(Settings(data_dir=tmp_path), authority)
    (file,) = (tmp_path / "gateway").iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_certificate_that_cannot_be_used_is_told_with_its_cure(authority: Authority, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(Settings(data_dir=tmp_path), gateway_certificate=str(tmp_path / "none.pem"))
    with pytest.raises(SettingsError, match=r"none\.pem cannot be used[^\n]*\.\nGive a file"):
        listening(settings, authority)
