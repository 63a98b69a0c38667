"""How a cluster fails to answer, or says no: by cause, each with a sentence and a cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from basefly.base.errors import BaseflyError
from basefly.base.kube import objects

ConnectKind = Literal[
    "refused", "dns", "timeout", "no_route", "dropped", "stalled", "address_refused", "wrong_ca", "certificate_expired",
    "certificate_not_yet_valid", "wrong_host", "not_tls", "tls_too_old", "tls", "client_certificate", "redirected",
    "not_kubernetes", "too_large", "resting", "crowded", "no_way",
]  # fmt: skip

LONGEST_REST = 300.0  # s: a server may ask for less, but nobody can send us away for a year

# {server} is the address as given, {why} what the network or OpenSSL said.
_CONNECT: Mapping[ConnectKind, tuple[str, str]] = {
    "refused": (
        "Nothing listens at {server}: the connection was refused.",
        "Check that the API server runs, and that the address and port are those of the cluster.",
    ),
    "dns": (
        "The name in {server} has no address: {why}.",
        "Check the spelling, and that the hub's DNS knows this name.",
    ),
    "timeout": (
        "{server} did not answer in time ({why}).",
        "Check firewalls between the hub and the cluster, and that the API server is not overloaded.",
    ),
    "no_route": (
        "There is no way from the hub to {server}: {why}.",
        "Check the hub's routes, its VPN, and that the address belongs to a network that the hub can reach.",
    ),
    "no_way": (
        "There is no way to {server} at this moment: {why}.",
        "Look at the cluster's agent: whether its pod runs, and what its log says.",
    ),
    "dropped": (
        "{server} closed the connection before it had answered ({why}).",
        "Usually the API server or a load balancer is restarting; if it stays, look at their logs.",
    ),
    "stalled": (
        "{server} keeps the connection open but sends nothing ({why}).",
        "If it stays, look for a proxy or firewall that drops idle connections, and at the API server's load.",
    ),
    "address_refused": (
        "The hub does not connect to {server}: {why}.",
        "Give an address that clusters may have; for private networks the operator sets BASEFLY_PRIVATE_CLUSTERS=true.",
    ),
    "wrong_ca": (
        "The certificate of {server} is not signed by the authority that was given ({why}).",
        "Take certificate-authority-data from the cluster's own kubeconfig; it may have been renewed.",
    ),
    "certificate_expired": (
        "The certificate of {server} has expired.",
        "Renew the API server's certificate (with kubeadm: kubeadm certs renew apiserver), then check again.",
    ),
    "certificate_not_yet_valid": (
        "The certificate of {server} is not valid yet.",
        "Compare the clocks of the hub and of the cluster's control plane.",
    ),
    "wrong_host": (
        "The certificate of {server} is for another name ({why}).",
        "Use one of the names in the certificate as the address, or set tls-server-name to it.",
    ),
    "not_tls": (
        "{server} does not speak TLS.",
        "Check the port: the API server's secure port is usually 6443 or 443.",
    ),
    "tls_too_old": (
        "{server} offers no TLS version that is still safe ({why}).",
        "Let the API server speak TLS 1.2 or newer (--tls-min-version=VersionTLS12).",
    ),
    "tls": (
        "No TLS connection with {server}: {why}.",
        "Check that the address is that of the API server itself and that nothing in between changes the traffic.",
    ),
    "client_certificate": (
        "{server} did not accept the client certificate ({why}).",
        "Give a client certificate that this cluster's authority has signed and that has not expired.",
    ),
    "redirected": (
        "{server} sends us elsewhere ({why}), and credentials are not carried to other places.",
        "Give the address of the API server itself, not of a console or a login page in front of it.",
    ),
    "not_kubernetes": (
        "What answers at {server} is not a Kubernetes API ({why}).",
        "Check the address: a load balancer, a proxy or a web console may be answering instead.",
    ),
    "too_large": (
        "{server} sent an answer too large to read ({why}).",
        "Look for objects of unusual size in the cluster.",
    ),
    "resting": (
        "{server} keeps failing; the next attempt waits ({why}).",
        "It is asked again by itself; look at why it failed.",
    ),
    "crowded": (
        "Too many calls to {server} are waiting already.",
        "Try again in a moment; if it stays, the API server is too slow for what is asked of it.",
    ),
}


class ConnectError(BaseflyError):
    """No answer of a Kubernetes API came back. `kind` names the cause."""

    code, status, title = "cluster_unreachable", 503, "The cluster does not answer"

    def __init__(self, kind: ConnectKind, server: str, *, why: str = "", retry_after: float = 0.0) -> None:
        sentence, cure = _CONNECT[kind]
        super().__init__(sentence.format(server=server, why=why or "no reason given"), cure=cure, kind=kind)
        self.kind = kind
        self.server = server
        self.retry_after = retry_after  # seconds; 0: any time


class ApiError(BaseflyError):
    """The API server answered and said no.

    `http_status`, `reason` and `message` are the server's own words; the class attribute `status` is what the hub
    answers to its own callers.
    """

    code, status, title = "cluster_error", 502, "The cluster says no"
    advice = "Read what the cluster says; its API server's log tells more."

    def __init__(
        self,
        http_status: int,
        reason: str,
        message: str,
        *,
        details: Sequence[objects.Cause] = (),
        retry_after: float = 0.0,
    ) -> None:
        code = f"{http_status} {reason}".rstrip()
        super().__init__(
            f"The cluster answered {code}: {message}" if message else f"The cluster answered {code} without a word.",
            cure=self.advice,
            upstream_status=http_status,
        )
        self.http_status = http_status
        self.reason = reason
        self.message = message
        self.details = details  # what the Status names one by one, such as fields
        self.causes = tuple(cause.reason for cause in self.details)  # such as ResourceVersionTooLarge
        self.retry_after = retry_after  # seconds; 0: the server named none


class BadRequest(ApiError):
    """The request was wrong, or asked for what this server does not offer."""

    code, status = "cluster_refused", 422


class Unauthorized(ApiError):
    """The cluster does not know us."""

    code, title = "cluster_unauthorized", "The cluster does not accept our credentials"
    advice = "The token or certificate is wrong, expired or revoked: give the cluster new credentials."


class Forbidden(ApiError):
    """The cluster knows us and we may not."""

    code, status, title = "cluster_forbidden", 403, "The cluster does not allow this"
    advice = "Grant the hub's account the missing right (see the manifests that the hub hands out)."


class NotFound(ApiError):
    """No such object, or no such kind."""

    code, status, title = "not_found", 404, "The cluster has no such thing"
    advice = "It may have been deleted in the meantime."


class Conflict(ApiError):
    """Someone else has changed the object, or it is there already."""

    code, status, title = "cluster_conflict", 409, "The cluster's object has moved"
    advice = "Look at the object as it is now, then try again."


class Gone(ApiError):
    """That version is no longer remembered: list again."""

    code = "cluster_gone"


class TooManyRequests(ApiError):
    """The API server has too much to do; `retry_after` says when to come back."""

    code, status, title = "cluster_busy", 503, "The cluster has too much to do"
    advice = "Try again in a moment."


class ServerError(ApiError):
    """The API server, or something in front of it, failed (5xx)."""

    code, status, title = "cluster_failing", 503, "The cluster fails"
    advice = "Look at the API server and its etcd; the hub tries again by itself."


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest, 401: Unauthorized, 403: Forbidden, 404: NotFound, 405: BadRequest, 406: BadRequest, 409: Conflict,
    410: Gone, 422: BadRequest, 429: TooManyRequests,
}  # fmt: skip


def api_error(http_status: int, body: bytes, *, retry_after: str = "") -> ApiError:
    """The error that an answer of 4xx or 5xx means; `retry_after` is the header of that name."""
    status = objects.status(body)
    kind = _BY_STATUS.get(http_status, ServerError if http_status >= 500 else ApiError)
    wait = seconds(retry_after)
    if status is None:
        return kind(http_status, "", _snippet(body), retry_after=wait)
    details = status.details or objects.Details()
    return kind(
        http_status,
        status.reason,
        status.message,
        details=details.causes or (),
        retry_after=wait or float(min(max(details.retry_after_seconds, 0), LONGEST_REST)),
    )


def seconds(retry_after: str) -> float:
    """The wait that a Retry-After header asks for (RFC 9110, section 10.2.3), 0 if it asks for nothing sensible."""
    if retry_after.isdecimal():
        return min(float(retry_after), LONGEST_REST)
    try:
        asked = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        return min(max(asked, 0.0), LONGEST_REST)
    except (ValueError, TypeError):
        return 0.0


def _snippet(body: bytes) -> str:
    return " ".join(body[:1000].decode("utf-8", "replace").split())
