"""A certificate authority of the hub's own, for the listener that kubectl speaks to: it insists on TLS.

The authority is made once and kept in the database, sealed; what it signs is made anew by each process at its start.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from basefly.base.settings import Settings, SettingsError

AUTHORITY, SERVER = timedelta(days=3650), timedelta(days=397)  # how long they are valid
_SLACK = timedelta(hours=1)  # for clocks that are behind ours


class Authority:
    """Signs certificates for this hub's listeners. `certificate` is what clients trust (PEM)."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM).decode()

    @classmethod
    def read(cls, pem: bytes) -> Authority:
        """The authority of a key and its certificate."""
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is none of an elliptic curve")
        return cls(key, x509.load_pem_x509_certificate(pem))

    @staticmethod
    def make() -> bytes:
        """A new key and its certificate, as `read` takes them."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _pem(key) + _self_signed(key).public_bytes(serialization.Encoding.PEM)

    def chain(self, names: Iterable[str]) -> bytes:
        """A new key and a certificate for these host names and addresses, followed by the authority's, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Basefly gateway")])
        made = (
            _builder(subject, self._certificate.subject, key.public_key(), SERVER)
            .add_extension(x509.SubjectAlternativeName([_name(each) for each in dict.fromkeys(names)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pem(key) + made.public_bytes(serialization.Encoding.PEM) + self.certificate.encode()


def listening(settings: Settings, authority: Authority) -> ssl.SSLContext:
    """How the gateway's listener proves itself: by the operator's certificate, else by one of our own authority's.

    Raises SettingsError for files that cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if settings.gateway_certificate:
        try:
            context.load_cert_chain(settings.gateway_certificate, settings.gateway_key or None)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"BASEFLY_GATEWAY_CERTIFICATE={settings.gateway_certificate} cannot be used: {error}.\n"
                "Give a file with the certificate and its chain (PEM), and its key in BASEFLY_GATEWAY_KEY."
            ) from error
        return context
    file = settings.data_dir / "gateway" / "server.pem"
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(file, authority.chain(settings.gateway_names))
    context.load_cert_chain(file)
    return context


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Basefly")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(name, name, key.public_key(), AUTHORITY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return builder.sign(key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + lifetime)
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, for our eyes only."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    beside.replace(file)
