"""HTTP connections of the command line: no redirects, a limit on every wait, proxies only where they can help."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from httpx import Client, Response, TransportError

from basefly import __version__

__all__ = ["Client", "Response", "TransportError", "dial", "is_loopback", "reason", "trust"]

CONNECT = 5.0  # seconds
ANSWER = 60.0  # seconds; the checks of a new cluster take a while


def dial(
    base_url: str,
    *,
    tls: ssl.SSLContext | None = None,
    headers: dict[str, str] | None = None,
    proxy: str | None = None,
    answer: float | None = ANSWER,
) -> Client:
    """A client for one place. The system's authorities are trusted unless `tls` brings others."""
    return Client(
        base_url=base_url,
        verify=tls or _system_trust(base_url),
        headers={"User-Agent": f"basefly/{__version__}", **(headers or {})},
        timeout=httpx.Timeout(answer, connect=CONNECT),
        follow_redirects=False,
        trust_env=proxy is None and not is_loopback(base_url),
        proxy=proxy,
    )


def is_loopback(url: str) -> bool:
    """Whether the address stays on this machine: no proxy on the way, nobody to listen in."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def trust(ca: str | None, certificate: str = "", key: str = "") -> ssl.SSLContext:
    """A context that trusts `ca` alone (PEM), or the system if None, and shows a client certificate (PEM) if given.

    Raises ssl.SSLError or ValueError for what is not PEM.
    """
    context = ssl.create_default_context(cadata=ca)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # many a cluster's own authority lacks what RFC 5280 asks for
    if certificate:
        with tempfile.TemporaryDirectory() as folder:  # 0700; OpenSSL reads chains from files only
            path = Path(folder, "chain.pem")
            path.touch(0o600)
            path.write_text(f"{certificate.rstrip()}\n{key.rstrip()}\n")
            context.load_cert_chain(path, password=_no_password)
    return context


def _no_password() -> str:
    # Without this OpenSSL would ask on the terminal.
    raise ValueError("the client key is encrypted with a passphrase")


def _system_trust(base_url: str) -> ssl.SSLContext:
    """The system's authorities; none at all where there is no TLS, because reading them costs 25 ms."""
    if urlsplit(base_url).scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context()


def reason(error: TransportError) -> str:
    """Why nothing came back, in one phrase."""
    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection within {CONNECT:.0f} s"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ProxyError):
        return "the proxy on the way refuses"
    text = str(error).lower()
    for sign, words in _SIGNS:
        if sign in text:
            return words
    return "the connection broke off"


_SIGNS = (
    ("refused", "connection refused; nothing listens there"),
    ("name or service not known", "the name of the host is not known"),
    ("temporary failure in name resolution", "the name of the host cannot be looked up right now"),
    ("nodename nor servname", "the name of the host is not known"),
    ("no address associated", "the name of the host has no address"),
    ("hostname mismatch", "its certificate is for another host"),
    ("ip address mismatch", "its certificate is for another host"),
    ("certificate has expired", "its certificate has expired"),
    ("certificate verify failed", "its certificate is not signed by an authority that is trusted here"),
    ("wrong version number", "it does not speak TLS; perhaps the address starts with http://"),
    ("unreachable", "there is no route to it"),
)
