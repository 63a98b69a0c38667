"""Connections: whom they trust, and how their failures are told."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from basefly.cli.client import http
from tests.cli.kubeconfig.issuer import Issuer, running


@pytest.fixture
def server() -> Iterator[Issuer]:
    with running() as started:
        yield started


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://a.localhost", True),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
        ("https://basefly.example.com", False),
        ("nonsense", False),
    ],
)
def test_what_stays_on_this_machine(url: str, here: bool) -> None:
    assert http.is_loopback(url) is here


class TestTrust:
    def test_only_the_authority_given(self, server: Issuer) -> None:
        with http.dial(server.url, tls=http.trust(server.ca)) as client:
            assert client.get("/.well-known/openid-configuration").status_code == 200
        stranger = trustme.CA().cert_pem.bytes().decode()
        with http.dial(server.url, tls=http.trust(stranger)) as client, pytest.raises(httpx.ConnectError) as caught:
            client.get("/")
        assert http.reason(caught.value) == "its certificate is not signed by an authority that is trusted here"

    def test_a_certificate_for_another_host(self, server: Issuer) -> None:
        url = server.url.replace("127.0.0.1", "localhost")
        with http.dial(url, tls=http.trust(server.ca)) as client, pytest.raises(httpx.ConnectError) as caught:
            client.get("/")
        assert http.reason(caught.value) == "its certificate is for another host"

    def test_tls_where_there_is_none(self, server: Issuer) -> None:
        plain = server.url.replace("https", "http")
        with http.dial(plain) as client, pytest.raises(httpx.TransportError) as caught:
            client.get("/")
        assert http.reason(caught.value)

    def test_a_client_certificate_leaves_no_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pair = trustme.CA().issue_cert("mia")
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        chain, key = (part.bytes().decode() for part in (pair.cert_chain_pems[0], pair.private_key_pem))
        assert isinstance(http.trust(None, chain, key), ssl.SSLContext)
        assert not list(tmp_path.iterdir())

    def test_a_key_that_does_not_fit(self) -> None:
        one, other = trustme.CA().issue_cert("a"), trustme.CA().issue_cert("b")
        with pytest.raises(ssl.SSLError):
            http.trust(None, one.cert_chain_pems[0].bytes().decode(), other.private_key_pem.bytes().decode())
