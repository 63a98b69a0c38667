"""The parts of credentials as people give them: each is checked before it is used, and refused with a cure."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from basefly.base.errors import FieldError, Invalid
from basefly.base.kube.credentials import Credentials
from basefly.base.secret import Secret

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,253}")
_PEM_LIMIT = 256 * 1024  # characters


class Refused(Invalid):
    """A field of a kubeconfig or of a form is not taken. `field` names it as its writer knows it."""

    def __init__(self, field: str, detail: str, cure: str) -> None:
        super().__init__(f"{field}: {detail}", errors=(FieldError("/" + field, detail),), cure=cure)
        self.field = field


def read(server: str, ca: str, token: str) -> Credentials:
    """Credentials from a form: an address, an authority (PEM; empty: those the system trusts) and a token."""
    return Credentials(
        server=address(server, "server"),
        ca=authority(ca, "ca") if ca.strip() else None,
        token=bearer(token, "token"),
    )


def address(text: str, field: str) -> str:
    """An https address without anything that does not belong there; the path is kept. Raises Refused."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _no_address(text, field, str(error)) from error
    if parts.scheme == "http":
        cure = "Give the address of the API server's secure port (usually 6443)."
        raise Refused(field, "http would send the credentials unprotected", cure)
    if parts.scheme != "https" or not parts.hostname or port == 0 or len(text) > 2048:
        raise _no_address(text, field, "it is no https address with a host")
    if parts.username is not None or parts.password is not None:
        raise Refused(field, "the address contains a user name", "Give the address alone, and a token beside it.")
    if parts.query or parts.fragment or not text.isascii() or re.search(r"[\x00-\x20\x7f\\]", text):
        raise _no_address(text, field, "it holds characters that no address of an API server has")
    if not _HOST.fullmatch(parts.hostname) or "/../" in f"{parts.path}/":
        raise _no_address(text, field, "its host or path cannot be right")
    return text.rstrip("/")


def _no_address(text: str, field: str, why: str) -> Refused:
    return Refused(field, f"{text[:100]!r} cannot be used: {why}", "Give an address like https://10.0.0.1:6443.")


def host(text: str, field: str) -> str:
    """A host name to expect in a certificate. Raises Refused."""
    if not _HOST.fullmatch(text):
        raise Refused(field, "it is no host name", "Give one of the names in the server's certificate.")
    return text


def authority(pem: str, field: str) -> str:
    """One certificate or several, as PEM. Raises Refused."""
    if len(pem) > _PEM_LIMIT:
        raise Refused(
            field, "it is too long for an authority", "Give only the certificates of this cluster's authority."
        )
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        cure = "Give the certificate as PEM: it starts with -----BEGIN CERTIFICATE-----."
        raise Refused(field, "there is no certificate in it that can be read", cure) from error
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in found)


def expiry(certificate: str) -> datetime:
    """When a client certificate (PEM, checked before) ends."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def bearer(token: str, field: str) -> Secret:
    """A token, of characters that a header may hold. Raises Refused."""
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        what = "it holds characters that no token has" if token else "it is empty"
        raise Refused(field, what, "Copy the token again, in one line; for a Secret decode it with base64 -d.")
    return Secret(token)


def pair(certificate: str, key: str, field: str) -> tuple[str, Secret]:
    """A client certificate and the key that belongs to it, both PEM. Raises Refused naming `field`."""
    checked = authority(certificate, field)
    try:
        loaded = load_pem_private_key(key.encode(), password=None)
    except TypeError as error:
        raise Refused("client-key-data", "it is encrypted", "Give the key without a passphrase.") from error
    except ValueError as error:
        cure = "Give the private key as PEM: it starts with -----BEGIN … PRIVATE KEY-----."
        raise Refused("client-key-data", "there is no private key in it that can be read", cure) from error
    public = x509.load_pem_x509_certificate(checked.encode()).public_key()
    as_bytes = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*as_bytes) != loaded.public_key().public_bytes(*as_bytes):
        raise Refused(
            "client-key-data", "it does not belong to the client certificate", "Give the two that belong together."
        )
    return checked, Secret(key)
