"""A cluster's own certificate authority: the server's certificate and those of its clients."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOSTS = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
ADDRESSES = ("127.0.0.1", "::1")
_LIFE = timedelta(days=365)


class Pair:
    """A certificate with its private key, both PEM."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM)
        self.key = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Authority:
    """Signs with one key; certificates last a year unless told otherwise."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}-ca")])
        builder = _builder(subject, subject, self._key.public_key(), _LIFE)
        usage = x509.KeyUsage(True, False, True, False, False, True, True, False, False)
        builder = builder.add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    def server(
        self, *, hosts: tuple[str, ...] = HOSTS, life: timedelta = _LIFE, begins: timedelta = timedelta()
    ) -> Pair:
        """A serving certificate for `hosts` and the loopback addresses; a negative life has already expired."""
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
        if hosts == HOSTS:
            names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        alternatives = x509.SubjectAlternativeName(names)
        return self._sign(subject, ExtendedKeyUsageOID.SERVER_AUTH, life, alternatives, begins=begins)

    def client(self, name: str, groups: tuple[str, ...] = (), *, life: timedelta = _LIFE) -> Pair:
        """A client certificate: Kubernetes reads the user from CN and the groups from O."""
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._sign(subject, ExtendedKeyUsageOID.CLIENT_AUTH, life)

    def _sign(
        self,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        life: timedelta,
        *more: x509.ExtensionType,
        begins: timedelta = timedelta(),
    ) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._certificate.subject, key.public_key(), life, begins=begins)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        for extension in (x509.ExtendedKeyUsage([usage]), identifier, *more):
            builder = builder.add_extension(extension, False)
        return Pair(builder.sign(self._key, hashes.SHA256()), key)


SERVED: dict[str, Callable[[Authority], Pair]] = {
    "valid": Authority.server,
    "expired": lambda authority: authority.server(life=-timedelta(days=1)),
    "not yet valid": lambda authority: authority.server(begins=timedelta(days=1)),
    "wrong host": lambda authority: authority.server(hosts=("elsewhere.example",)),
    "other authority": lambda _: Authority("other").server(),
}
"""Certificates that a server may come to present, by what is the matter with them."""


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    life: timedelta,
    *,
    begins: timedelta = timedelta(),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC) + begins
    start = min(now, now + life) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    )


def server_context(authority: Authority, pair: Pair) -> ssl.SSLContext:
    """Client certificates are asked for, and verified if shown; `limit` says which TLS is spoken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    present(context, authority, pair)
    return context


def present(context: ssl.SSLContext, authority: Authority, pair: Pair) -> None:
    """From the next handshake on, show this certificate, and trust this authority's clients beside those before."""
    context.load_verify_locations(cadata=authority.pem.decode())
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # the ssl module loads chains from files alone
        Path(file.name).write_bytes(pair.certificate + pair.key)
        context.load_cert_chain(file.name)


def limit(context: ssl.SSLContext, maximum: ssl.TLSVersion) -> None:
    """Speak TLS from 1.2 to `maximum`, or `maximum` alone; ciphers before 1.2 count as insecure, so they are let in."""
    context.minimum_version = min(ssl.TLSVersion.TLSv1_2, maximum)
    context.maximum_version = maximum
    if maximum < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")


def offer(context: ssl.SSLContext, *, http2: bool) -> None:
    """What clients may choose from by ALPN, from the next handshake on."""
    context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
