"""From what the network library, OpenSSL and the kernel raise to the error that says what is wrong."""

from __future__ import annotations

import errno
import socket
import ssl

import aiohttp

from basefly.base.http import AddressRefused, NoWay
from basefly.base.kube.errors import ConnectError, ConnectKind, ServerError, TooManyRequests
from basefly.base.kube.http2.stream import Malformed
from basefly.base.resilience.retry import Verdict

# OpenSSL's X509_V_ERR_* (openssl/x509_vfy.h)
_VERIFY: dict[int, ConnectKind] = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    62: "wrong_host",
    64: "wrong_host",  # the same, for an IP address
}
_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
_TOO_OLD = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "VERSION_TOO_LOW")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
_SICK: set[ConnectKind] = {
    "refused",
    "dns",
    "timeout",
    "no_route",
    "no_way",
    "dropped",
    "stalled",
    "not_tls",
    "tls_too_old",
    "tls",
}
_SICK |= {"wrong_ca", "certificate_expired", "certificate_not_yet_valid", "wrong_host"}
_PASSING: set[ConnectKind] = {"refused", "dropped"}
_CLIENT = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "UNKNOWN_CA", "ALERT_CERTIFICATE")


class Stalled(TimeoutError):
    """An answer that has begun has said nothing for too long."""


def connect_error(error: BaseException, server: str) -> ConnectError:
    """The ConnectError that `error` means: an aiohttp.ClientError, an OSError or a TimeoutError, which is let go of."""
    _let_go(error)
    if (refused := _cause(error, AddressRefused)) is not None:
        return ConnectError("address_refused", server, why=str(refused))
    if (away := _cause(error, NoWay)) is not None:
        return ConnectError("no_way", server, why=str(away))
    if (tls := _cause(error, ssl.SSLError)) is not None:
        return _tls(tls, server)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ConnectError("dns", server, why=error.os_error.strerror or str(error.os_error))
    if isinstance(error, socket.gaierror):
        return ConnectError("dns", server, why=error.strerror or str(error))
    if isinstance(error, Stalled):
        return ConnectError("stalled", server, why="it stopped in the middle of an answer")
    if isinstance(error, TimeoutError):
        return ConnectError("timeout", server, why="the network or the API server is too slow")
    if isinstance(error, aiohttp.ClientResponseError | Malformed):
        said = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
        return ConnectError("not_kubernetes", server, why=f"it is no proper HTTP: {said}"[:200])
    if (system := _cause(error, OSError)) is not None:
        return _system(system, server)
    return ConnectError("dropped", server, why=str(error)[:200] or type(error).__name__)


def judge(error: Exception) -> Verdict:
    """What a failure of a cluster means: is it sick, and may the same request go well if sent again?"""
    if isinstance(error, ConnectError):
        return Verdict(counts=error.kind in _SICK, again=error.kind in _PASSING)
    if isinstance(error, TooManyRequests):
        return Verdict(again=True, throttled=True, retry_after=error.retry_after)
    if isinstance(error, ServerError) and error.http_status in (502, 503, 504):
        return Verdict(counts=True, again=True, retry_after=error.retry_after)
    return Verdict()


def _let_go(*errors: BaseException | None) -> None:
    """Forget which way a failure came: frames of libraries hold it, and by its traceback it holds them.

    Such circles would keep each failed connection, with all its buffers, until Python looks for them.
    """
    for error in errors:
        if error is not None and error.__traceback__ is not None:
            error.__traceback__ = None
            _let_go(error.__cause__, error.__context__)


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The first error of that kind among `error` and what it came from."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None)
    for one in (inner, error, error.__cause__, getattr(inner, "__cause__", None)):
        if isinstance(one, kind):
            return one
    return None


def _tls(error: BaseException, server: str) -> ConnectError:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".") or str(error)
        return ConnectError(_VERIFY.get(error.verify_code, "wrong_ca"), server, why=why)
    reason = str(getattr(error, "reason", "") or error).upper().replace(" ", "_")
    for words, kind in ((_TOO_OLD, "tls_too_old"), (_NOT_TLS, "not_tls"), (_CLIENT, "client_certificate")):
        if any(word in reason for word in words):
            return ConnectError(kind, server, why=reason.lower().replace("_", " "))  # type: ignore[arg-type]  # literals
    return ConnectError("tls", server, why=reason.lower().replace("_", " ")[:200])


def _system(error: BaseException, server: str) -> ConnectError:
    number = getattr(error, "errno", None)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if number == errno.ECONNREFUSED:
        return ConnectError("refused", server)
    if number == errno.ETIMEDOUT:
        return ConnectError("timeout", server, why="the network gave up")
    if number in _ROUTE:
        return ConnectError("no_route", server, why=text)
    if "handshake" in text.lower():
        return ConnectError("tls", server, why=text[:200])
    return ConnectError("dropped", server, why=text[:200])
