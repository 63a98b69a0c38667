"""Whether a cluster can be connected to: step by step, and where it fails, why and what cures it."""

from __future__ import annotations

import asyncio

import msgspec

from basefly.base.errors import Invalid
from basefly.base.http import Dialer
from basefly.base.kube import fields
from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.discovery import Resource, survey
from basefly.base.kube.errors import ApiError, ConnectError, ConnectKind, Forbidden, NotFound, Unauthorized
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.web.language import sentence
from basefly.core.clusters import probe
from basefly.core.clusters.model import Place

STEPS = ("address", "certificate", "kubernetes", "authentication", "version", "rights")
REQUIRED = ("namespaces", "nodes", "pods")  # without these there is nothing to show
OLDEST = (1, 20)
DEADLINES = Deadlines(connect=3.0, tls=5.0, first_byte=10.0, idle=10.0, total=20.0)
AT_ONCE = 8  # questions about rights
NAMED = 8  # rights that a sentence names; the rest is counted

STRANGER_CURE = sentence(
    "Give a token of an account of this cluster, or a client certificate that its authority has signed."
)
RIGHTS_CURE = sentence(
    "Apply the manifest that the hub hands out for the profile view, and use the token of its account."
)

_KINDS = frozenset({
    "namespaces", "nodes", "pods", "events", "services", "configmaps", "secrets", "serviceaccounts",
    "persistentvolumes", "persistentvolumeclaims", "deployments.apps", "replicasets.apps", "statefulsets.apps",
    "daemonsets.apps", "jobs.batch", "cronjobs.batch", "endpointslices.discovery.k8s.io",
    "ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io", "storageclasses.storage.k8s.io",
    "horizontalpodautoscalers.autoscaling", "poddisruptionbudgets.policy", "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io", "customresourcedefinitions.apiextensions.k8s.io",
})  # fmt: skip
_FAILS_AT: dict[ConnectKind, str] = {
    "wrong_ca": "certificate", "certificate_expired": "certificate", "certificate_not_yet_valid": "certificate",
    "wrong_host": "certificate", "not_tls": "certificate", "tls_too_old": "certificate", "tls": "certificate",
    "client_certificate": "authentication", "redirected": "kubernetes", "not_kubernetes": "kubernetes",
    "too_large": "kubernetes",
}  # fmt: skip
_WELL = {
    "address": sentence("{server} answers."),
    "certificate": sentence("Its certificate is signed by the authority given."),
    "kubernetes": sentence("It is a Kubernetes API."),
}


class Check(msgspec.Struct, frozen=True):
    """One step: what was found, and what to do if it is not well."""

    name: str
    ok: bool
    detail: str
    cure: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All steps up to the first that failed. `missing` are rights that the account does not have: "watch secrets"."""

    ok: bool
    server: str
    checks: list[Check]
    version: str = ""
    missing: list[str] = []
    place: Place = Place()
    identity: str = ""  # what tells it from every other cluster

    def require(self) -> None:
        """Raise Invalid with every failed check, unless all is well."""
        if not self.ok:
            failed = next(check for check in self.checks if not check.ok)
            raise Invalid(
                failed.detail, cure=failed.cure, checks=msgspec.to_builtins(self.checks), missing=self.missing
            )


async def check(credentials: Credentials, *, private: bool, dialer: Dialer | None = None) -> Report:
    """Try to connect with these credentials, keeping nothing. Raises nothing that a cluster can cause."""
    async with Client(credentials, private=private, deadlines=DEADLINES, dialer=dialer) as client:
        checking = _Checking(client, credentials)
        try:
            async with asyncio.timeout(3 * DEADLINES.total):
                return await checking.run()
        except ConnectError as error:
            return checking.failed(_FAILS_AT.get(error.kind, "address"), error.detail, error.cure)
        except Unauthorized as error:
            return checking.failed("authentication", error.detail, error.cure)
        except ApiError as error:
            return checking.failed("kubernetes", error.detail, error.cure)
        except TimeoutError:
            slow = sentence(f"{client.server} answers too slowly to be checked.")
            cure = sentence("Check the API server's load, and the network between it and the hub.")
            return checking.failed("kubernetes", slow, cure)


class _Checking:
    """One run through the steps."""

    def __init__(self, client: Client, credentials: Credentials) -> None:
        self._client = client
        self._credentials = credentials
        self._checks: list[Check] = []

    async def run(self) -> Report:
        version = await self._version()
        for step in ("address", "certificate", "kubernetes"):
            self._well(step, _WELL[step].format(server=self._client.server))
        who = await self._who()
        if who == "system:anonymous":
            stranger = sentence("The cluster takes us for a stranger (system:anonymous).")
            return self.failed("authentication", stranger, STRANGER_CURE)
        self._well("authentication", self._known(who))
        runs = sentence(f"It runs Kubernetes {version.git_version}.")
        if _number(version) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            return self.failed("version", runs, sentence(f"Upgrade it to Kubernetes {oldest} or newer."))
        self._well("version", runs)
        missing = await self._missing()
        return await self._judge(version.git_version, missing)

    def failed(self, step: str, detail: str, cure: str) -> Report:
        """The report that ends with this step."""
        for before in STEPS[: STEPS.index(step)]:
            if before in _WELL and all(check.name != before for check in self._checks):
                self._well(before, _WELL[before].format(server=self._client.server))
        self._checks.append(Check(step, False, detail, cure))
        return Report(ok=False, server=self._client.server, checks=self._checks)

    def _well(self, step: str, detail: str) -> None:
        self._checks.append(Check(step, True, detail))

    async def _version(self) -> probe.Version:
        try:
            return await self._client.get_json("/version", into=probe.Version)
        except NotFound as error:
            raise ConnectError("not_kubernetes", self._client.server, why="it has no /version") from error

    async def _who(self) -> str:
        """The name by which the cluster knows us, "" where it does not say (before Kubernetes 1.28)."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            review = await self._client.post_json(
                "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, into=_Review
            )
        except (NotFound, Forbidden):
            return ""
        return review.status.user_info.username

    def _known(self, who: str) -> str:
        if self._credentials.certificate is None:
            return sentence(f"It knows us as {who}." if who else "It accepts our credentials.")
        until = f"{fields.expiry(self._credentials.certificate):%Y-%m-%d}"
        return sentence(
            f"It knows us as {who}. The client certificate is valid until {until}."
            if who
            else f"It accepts our credentials. The client certificate is valid until {until}."
        )

    async def _missing(self) -> list[str]:
        """The rights to list and watch that the account lacks, among the kinds that the cluster serves and we know."""
        everything = await asyncio.gather(*[self._may(verb, "*", "*") for verb in ("list", "watch")])
        if all(everything):
            return []
        served = [r for r in (await survey(self._client)).resources if r.name in _KINDS and r.followed]
        asked = [(verb, resource) for resource in served for verb in ("list", "watch")]
        gate = asyncio.Semaphore(AT_ONCE)

        async def may(verb: str, resource: Resource) -> bool:
            async with gate:
                return await self._may(verb, resource.group, resource.plural)

        answers = await asyncio.gather(*[may(verb, resource) for verb, resource in asked])
        return [
            f"{verb} {resource.name}" for (verb, resource), allowed in zip(asked, answers, strict=True) if not allowed
        ]

    async def _may(self, verb: str, group: str, resource: str) -> bool:
        attributes = {"verb": verb, "group": group, "resource": resource}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return (await self._client.post_json(path, body, into=_Access)).status.allowed

    async def _judge(self, version: str, missing: list[str]) -> Report:
        vital = [right for right in missing if right.split()[1] in REQUIRED]
        missing.sort(key=lambda right: right not in vital)
        if vital:
            self._checks.append(Check("rights", False, _refused(missing), RIGHTS_CURE))
        else:
            self._well("rights", _enough(missing))
        return Report(
            ok=not vital,
            server=self._client.server,
            checks=self._checks,
            version=version,
            missing=missing,
            place=Place() if vital else await probe.find_place(self._client),
            identity=await probe.find_identity(self._client),
        )


def _refused(missing: list[str]) -> str:
    rights, more = ", ".join(missing[:NAMED]), len(missing) - NAMED
    return sentence(
        f"The account may not {rights} and {more} more (403)." if more > 0 else f"The account may not {rights} (403)."
    )


def _enough(missing: list[str]) -> str:
    rights, more = ", ".join(missing[:NAMED]), len(missing) - NAMED
    if not missing:
        return sentence("The account may see everything.")
    return sentence(
        f"The account may see enough, but not {rights} and {more} more."
        if more > 0
        else f"The account may see enough, but not {rights}."
    )


def _number(version: probe.Version) -> tuple[int, int]:
    """Major and minor; vendors write 28+ for the minor."""
    numbers = [int("".join(c for c in part if c.isdecimal()) or 0) for part in (version.major, version.minor)]
    return numbers[0], numbers[1]


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _ReviewStatus(msgspec.Struct, frozen=True, rename="camel"):
    user_info: _User = _User()


class _Review(msgspec.Struct, frozen=True):
    status: _ReviewStatus = _ReviewStatus()


class _AccessStatus(msgspec.Struct, frozen=True):
    allowed: bool = False


class _Access(msgspec.Struct, frozen=True):
    status: _AccessStatus = _AccessStatus()
