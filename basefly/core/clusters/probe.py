"""A sign of life: whether a cluster answers, knows us and says that it is ready; and where its nodes say they are."""

from __future__ import annotations

import re
import time

import msgspec

from basefly.base.kube.client import Client
from basefly.base.kube.errors import ApiError, ConnectError, ServerError, Unauthorized
from basefly.base.kube.objects import Page
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.web.language import sentence
from basefly.core.clusters.model import Health, NodeMark, Place, Probe, locate

# A probe must have an answer, or none, well before the next one is due.
DEADLINES = Deadlines(connect=2.0, tls=2.0, first_byte=2.0, idle=2.0, total=4.0)
NODES = 50  # enough to tell where most of them are


class Version(msgspec.Struct, rename="camel"):
    """What /version says."""

    git_version: str
    major: str = ""
    minor: str = ""


async def ask(client: Client, known: str = "") -> Probe:
    """Ask a cluster how it is. Raises nothing: whatever goes wrong is the answer.

    `known` is its version, where that was asked lately: of a thousand clusters it is half of what probing costs.
    """
    try:
        version = known or await _version(client)  # of one that hangs, each question takes its deadline
        began = time.perf_counter()
        trouble = await _unready(client)
        latency = round((time.perf_counter() - began) * 1000)
        if known and trouble != "":
            version = await _version(client)
    except ConnectError as error:
        return Probe(health="unreachable", reason=error.detail)
    except Unauthorized as error:
        why = error.message or "401"
        reason = sentence(f"It does not accept our credentials: {why}.")
        return Probe(health="degraded", reason=reason, refused=True)
    except ApiError as error:
        return Probe(health="degraded", reason=error.detail)
    health: Health = "degraded" if trouble else "healthy"
    return Probe(latency_ms=latency, health=health, reason=trouble or "", version=version)


async def _version(client: Client) -> str:
    return (await client.get_json("/version", into=Version)).git_version


async def _unready(client: Client) -> str | None:
    """Which of the API server's own checks fail, or nothing; None if it does not tell us. Raises as Client does.

    We ask for all of them: where only a trickle comes through, a mere "ok" is as fast as anywhere.
    """
    try:
        await client.get_bytes("/readyz", {"verbose": ""}, limit=65536)
    except ServerError as error:
        failing = re.findall(r"\[-\](\S+) failed", error.message)
        why = ", ".join(failing) or error.message
        return sentence(f"The API server is not ready: {why}.")
    except ConnectError as error:
        if error.kind not in ("timeout", "stalled"):  # a check may hang in a server that answers
            raise
        return None
    except Unauthorized:
        raise
    except ApiError:
        return None
    return ""


async def find_identity(client: Client) -> str:
    """The uid of kube-system, which lives exactly as long as its cluster; "" if we may not see it."""
    try:
        namespace = await client.get_json("/api/v1/namespaces/kube-system", into=_Namespace)
    except (ApiError, ConnectError):
        return ""
    return namespace.metadata.uid


async def find_place(client: Client) -> Place:
    """Where the nodes say they are; nothing if we may not see them."""
    try:
        page = await client.get_json("/api/v1/nodes", {"limit": NODES}, into=Page[_Node])
    except (ApiError, ConnectError):
        return Place()
    return locate(NodeMark(node.metadata.labels or {}, node.spec.provider_id) for node in page.items or ())


class _Meta(msgspec.Struct, frozen=True):
    labels: dict[str, str] | None = None


class _Uid(msgspec.Struct, frozen=True):
    uid: str = ""


class _Namespace(msgspec.Struct, frozen=True):
    metadata: _Uid = _Uid()


class _Spec(msgspec.Struct, frozen=True):
    provider_id: str = msgspec.field(name="providerID", default="")


class _Node(msgspec.Struct, frozen=True):
    metadata: _Meta = _Meta()
    spec: _Spec = _Spec()
