"""The pod that somebody wants into: which containers it has, which of them run, and why none does."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from basefly.base.errors import BaseflyError, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.model import STRATEGIC

PATIENCE = 60.0  # s that a debug container may take to start: its image may have to come first
STEP = 1.0  # s between two looks at it

_KINDS = ("containers", "initContainers", "ephemeralContainers")


class NotRunning(BaseflyError):
    """Nobody can enter what does not run."""

    code, status, title = "not_running", 409, "The container does not run"


class Container(msgspec.Struct, frozen=True):
    """A container of a pod; `why` is the reason why it does not run, `debug` says that it came to look at others."""

    name: str
    running: bool
    why: str = ""
    debug: bool = False


class Pod(msgspec.Struct, frozen=True):
    """Where somebody wants to go."""

    cluster: str
    namespace: str
    name: str
    phase: str = ""
    containers: tuple[Container, ...] = ()

    @property
    def path(self) -> str:
        """Its path at its API server."""
        return f"/api/v1/namespaces/{quote(self.namespace)}/pods/{quote(self.name)}"

    def choose(self, name: str) -> Container:
        """The container of this name, or the first that runs. Raises NotFound, or NotRunning with the reason."""
        named = [each for each in self.containers if each.name == name]
        if name and not named:
            raise NotFound(f"The pod has no container {name!r}.", cure="Choose one of those that it has.")
        found = (named or [each for each in self.containers if each.running] or list(self.containers))[0]
        if not found.running:
            why = f" ({found.why})" if found.why else ""
            raise NotRunning(
                f"The container {found.name} does not run{why}; the pod is {self.phase or 'unknown'}.",
                cure="Wait until it runs, or read the log of the container before.",
            )
        return found

    def target(self, way: str, **query: Any) -> str:
        """The path and query of exec or attach, at a terminal."""
        asked = {**query, "stdin": "true", "stdout": "true", "tty": "true"}
        return f"{self.path}/{way}?{urlencode(asked, doseq=True)}"


async def find(house: House, by: Principal, pod: Pod) -> Pod:
    """The pod with its containers. Raises what the cluster says, NotFound, and Denied for who may not enter."""
    told = await asking.get(house, by, pod.cluster, pod.path)
    status = told.get("status", {})
    states = {each["name"]: each for kind in _KINDS for each in status.get(f"{kind[:-1]}Statuses") or ()}
    found = [
        _container(each, states.get(each["name"], {}), debug=kind == "ephemeralContainers")
        for kind in _KINDS
        for each in told["spec"].get(kind) or ()
        if kind != "initContainers" or each.get("restartPolicy") == "Always"
    ]
    return msgspec.structs.replace(pod, phase=status.get("phase", ""), containers=tuple(found))


async def debug(house: House, by: Principal, pod: Pod, image: str, target: str) -> str:
    """Start a debug container beside the others, which sees the processes of `target`; its name."""
    if not image.strip() or any(each.isspace() for each in image.strip()):
        detail = "Name an image, such as busybox:1.37."
        raise Invalid(detail, errors=(FieldError("/image", detail),))
    name = f"debugger-{secrets.token_hex(3)}"
    container = {
        "name": name,
        "image": image.strip(),
        "stdin": True,
        "tty": True,
        "targetContainerName": target or None,
    }
    body = {"spec": {"ephemeralContainers": [{key: value for key, value in container.items() if value is not None}]}}
    request = ("PATCH", f"{pod.path}/ephemeralcontainers")
    await asking.ask(house, by, pod.cluster, request, body=body, media=STRATEGIC)
    return name


async def started(house: House, by: Principal, pod: Pod, name: str) -> Pod:
    """The pod once a debug container runs; raises NotRunning with the reason when that takes too long."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        found = await find(house, by, pod)
        container = next((each for each in found.containers if each.name == name), None)
        over = container is None or not container.debug or container.running or loop.time() > until
        if over or container.why not in ("", "ContainerCreating", "PodInitializing"):  # type: ignore[union-attr]  # it is not over, so there is one
            return found
        await asyncio.sleep(STEP)


def _container(spec: dict[str, Any], status: dict[str, Any], *, debug: bool) -> Container:
    state = status.get("state") or {}
    why = next((str(state[kind].get("reason", kind)) for kind in ("waiting", "terminated") if kind in state), "")
    return Container(spec["name"], "running" in state, why, debug)
