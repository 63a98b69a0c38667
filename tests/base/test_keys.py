"""The key that signs: made once, kept to its owner, replaced without losing what it signed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from basefly.base import keys
from basefly.base.keys import Signer
from basefly.base.settings import Settings, SettingsError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


class TestLoad:
    def test_makes_a_key_that_only_we_read_and_keeps_it(self, settings: Settings) -> None:
        made = Signer.load(settings)
        assert (settings.data_dir / "audit.key").stat().st_mode & 0o777 == 0o600
        assert Signer.load(settings).public == made.public
        assert keys.read_ring(keys.ring(settings)) == {made.public: True}

    def test_takes_the_key_of_the_environment(self, tmp_path: Path) -> None:
        given = Settings(data_dir=tmp_path, audit_key=base64.b64encode(b"k" * 32).decode())
        signer = Signer.load(given)
        assert not (tmp_path / "audit.key").exists()
        assert keys.good(signer.public, b"m", signer.sign(b"m"))
        assert not keys.good(signer.public, b"n", signer.sign(b"m"))

    def test_refuses_a_key_that_others_can_read(self, settings: Settings) -> None:
        Signer.load(settings)
        (settings.data_dir / "audit.key").chmod(0o644)
        with pytest.raises(SettingsError, match="chmod 600"):
            Signer.load(settings)

    def test_refuses_what_is_no_key(self, settings: Settings) -> None:
        with pytest.raises(SettingsError, match="32 bytes"):
            Signer.load(Settings(data_dir=settings.data_dir, audit_key="nonsense"))


class TestRotate:
    def test_signs_with_a_new_key_that_the_old_one_vouches_for(self, settings: Settings) -> None:
        old = Signer.load(settings)
        keys.rotate(settings)
        new = Signer.load(settings)
        assert new.public != old.public
        assert keys.read_ring(keys.ring(settings)) == {old.public: True, new.public: True}

    @pytest.mark.parametrize("entered", [False, True])
    def test_goes_on_where_it_was_killed(self, settings: Settings, entered: bool) -> None:
        old = Signer.load(settings)
        (settings.data_dir / "audit.key.next").write_text(base64.b64encode(b"n" * 32).decode())
        (settings.data_dir / "audit.key.next").chmod(0o600)
        if entered:  # its public half was added, and then the power went
            Signer(b"n" * 32, keys.ring(settings))._enter(old)
        new = Signer.load(settings)
        assert new.public == Signer(b"n" * 32, keys.ring(settings)).public
        assert list(keys.read_ring(keys.ring(settings)).values()) == [True, True]
        assert not (settings.data_dir / "audit.key.next").exists()

    def test_does_not_believe_a_key_that_was_slipped_in(self, settings: Settings) -> None:
        Signer.load(settings)
        Signer(b"x" * 32, keys.ring(settings))._enter(None)
        assert list(keys.read_ring(keys.ring(settings)).values()) == [True, False]
