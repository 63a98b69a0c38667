"""OIDC tokens that hold, that are renewed at a real issuer, and that cannot be."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import oidc
from tests.cli.kubeconfig.issuer import Issuer, running
from tests.cli.kubeconfig.test_execplugin import token

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running() as started:
        yield started


def lasting(seconds: float) -> str:
    return token({"exp": int((NOW + timedelta(seconds=seconds)).timestamp())})


def config(issuer: Issuer, **more: str) -> dict[str, str]:
    return {
        "idp-issuer-url": f"{issuer.url}/",
        "idp-certificate-authority-data": base64.b64encode(issuer.ca.encode()).decode(),
        "client-id": "kubernetes",
        "client-secret": "s3cret",
        "id-token": lasting(-60),
        "refresh-token": "refresh-1",
    } | {name.replace("_", "-"): value for name, value in more.items()}


class TestHolds:
    def test_a_token_that_still_holds_is_taken(self, tmp_path: Path) -> None:
        held = lasting(600)
        granted = oidc.id_token({"id-token": held}, tmp_path / "config", now=NOW)
        assert (granted.token, granted.expires_at) == (held, NOW + timedelta(seconds=600))

    def test_one_about_to_end_is_not(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="no refresh token"):
            oidc.id_token({"id-token": lasting(9)}, tmp_path / "config", now=NOW)


class TestRenewed:
    def test_with_the_client_proven_in_the_header(self, issuer: Issuer, tmp_path: Path) -> None:
        issuer.answer = {"id_token": lasting(600)}
        granted = oidc.id_token(config(issuer), tmp_path / "config")
        assert granted.expires_at == NOW + timedelta(seconds=600)
        assert issuer.asked == [
            {"grant_type": "refresh_token", "refresh_token": "refresh-1", "basic": "kubernetes:s3cret"}
        ]

    def test_or_in_the_form_where_the_issuer_wants_that(self, issuer: Issuer, tmp_path: Path) -> None:
        issuer.takes_basic = False
        issuer.answer = {"id_token": lasting(600)}
        oidc.id_token(config(issuer), tmp_path / "config")
        assert issuer.asked[0]["client_secret"] == "s3cret"

    def test_a_public_client_has_no_secret(self, issuer: Issuer, tmp_path: Path) -> None:
        issuer.answer = {"id_token": lasting(600)}
        oidc.id_token(config(issuer, client_secret=""), tmp_path / "config")
        assert issuer.asked[0] == {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-1",
            "client_id": "kubernetes",
        }

    def test_new_tokens_take_the_place_of_the_old_and_all_else_stays(self, issuer: Issuer, tmp_path: Path) -> None:
        old, new = config(issuer), lasting(600)
        issuer.answer = {"id_token": new, "refresh_token": "refresh-2"}
        file = tmp_path / "config"
        text = f"# mine\nid-token: {old['id-token']}\nrefresh-token: 'refresh-1'   # kept by hand\n"
        file.write_text(text)
        file.chmod(0o640)
        oidc.id_token(old, file)
        assert file.read_text() == text.replace(old["id-token"], new).replace("refresh-1", "refresh-2")
        assert file.stat().st_mode & 0o777 == 0o640
        assert list(tmp_path.iterdir()) == [file]

    def test_a_linked_file_stays_a_link(self, issuer: Issuer, tmp_path: Path) -> None:
        old = config(issuer)
        issuer.answer = {"id_token": lasting(600)}
        (tmp_path / "real").write_text(old["id-token"])
        (tmp_path / "config").symlink_to(tmp_path / "real")
        oidc.id_token(old, tmp_path / "config")
        assert (tmp_path / "config").is_symlink()
        assert (tmp_path / "real").read_text() == issuer.answer["id_token"]

    @pytest.mark.parametrize("odd", ["with space", "a: b", "#x", ""])
    def test_a_token_that_yaml_would_misread_is_not_written(self, tmp_path: Path, odd: str) -> None:
        (tmp_path / "config").write_text("refresh-1")
        assert not oidc.keep(tmp_path / "config", [("refresh-1", odd)])
        assert (tmp_path / "config").read_text() == "refresh-1"

    def test_a_file_changed_by_someone_else_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "config").write_text("refresh-9")
        assert not oidc.keep(tmp_path / "config", [("refresh-1", "refresh-2")])
        assert (tmp_path / "config").read_text() == "refresh-9"


class TestRefused:
    def test_a_refresh_token_that_is_void(self, issuer: Issuer, tmp_path: Path) -> None:
        issuer.status, issuer.answer = 400, {"error": "invalid_grant", "error_description": "refresh-1 is void"}
        with pytest.raises(Failure, match=r"answered 400 \(invalid_grant\)") as caught:
            oidc.id_token(config(issuer), tmp_path / "config")
        assert "refresh-1" not in str(caught.value)
        assert caught.value.cure.startswith("Sign in again")

    def test_an_answer_without_an_id_token(self, issuer: Issuer, tmp_path: Path) -> None:
        issuer.answer = {"access_token": "x"}
        with pytest.raises(Failure, match="no ID token"):
            oidc.id_token(config(issuer), tmp_path / "config")

    def test_an_issuer_with_another_authority(self, issuer: Issuer, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="not signed by an authority"):
            oidc.id_token(config(issuer, idp_certificate_authority_data=""), tmp_path / "config")

    def test_an_authority_that_cannot_be_read(self, issuer: Issuer, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="cannot be read"):
            oidc.id_token(config(issuer, idp_certificate_authority_data="QUJD"), tmp_path / "config")

    def test_an_endpoint_without_tls(self, issuer: Issuer, tmp_path: Path) -> None:
        issuer.configuration = {"token_endpoint": "http://127.0.0.1/token"}
        with pytest.raises(Failure, match="no token endpoint"):
            oidc.id_token(config(issuer), tmp_path / "config")

    @pytest.mark.parametrize("url", ["", "http://127.0.0.1:1", "file:///etc/passwd"])
    def test_an_issuer_without_tls(self, issuer: Issuer, tmp_path: Path, url: str) -> None:
        with pytest.raises(Failure, match="no https:// address"):
            oidc.id_token(config(issuer, idp_issuer_url=url), tmp_path / "config")

    def test_nobody_there(self, issuer: Issuer, tmp_path: Path) -> None:
        with pytest.raises(Failure, match="connection refused"):
            oidc.id_token(config(issuer, idp_issuer_url="https://127.0.0.1:1"), tmp_path / "config")
