"""Which container of a pod is meant, how it fares, and what the API server and the kubelet say against it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from basefly.sim.rest import writes
from basefly.sim.status import Refusal, bad_request
from basefly.sim.wire.call import Call

Object = dict[str, Any]
_KINDS = ("initContainers", "containers", "ephemeralContainers")
_PULLS = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


class Chosen(NamedTuple):
    """A container of a pod: `spec` as it is wished, `status` as the kubelet reports it ({} before it does)."""

    pod: Object
    spec: Object
    status: Object

    @property
    def name(self) -> str:
        name: str = self.spec["name"]
        return name

    def state(self, kind: str, *, last: bool = False) -> Object | None:
        """The `running`, `waiting` or `terminated` of its state, or of the state before."""
        found: Object | None = (self.status.get("lastState" if last else "state") or {}).get(kind)
        return found


def chosen(call: Call) -> Chosen:
    """The container that the query names, or the only one."""
    pod = writes.held(call).load()
    name, title = call.query.get("container", ""), call.target.name
    found = list(_all(pod["spec"], _KINDS))
    if not name and len(pod["spec"]["containers"]) > 1:
        names = " ".join(held["name"] for held in found)
        raise bad_request(f"a container name must be specified for pod {title}, choose one of: [{names}]")
    name = name or pod["spec"]["containers"][0]["name"]
    spec = next((held for held in found if held["name"] == name), None)
    if spec is None:
        raise bad_request(f"container {name} is not valid for pod {title}")
    return Chosen(pod, spec, status_of(pod, name))


def status_of(pod: Object, name: str) -> Object:
    """What the kubelet reports of a container, {} before it does."""
    reported = _all(pod.get("status", {}), [f"{kind[:-1]}Statuses" for kind in _KINDS])
    return next((held for held in reported if held["name"] == name), {})


def _all(held: Object, members: Any) -> Iterator[Object]:
    for member in members:
        yield from held.get(member) or ()


def require_host(pod: Object) -> None:
    """What a kubelet must answer can be asked only of a pod that has a node."""
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")


def running(call: Call) -> Chosen:
    """The chosen container, which must run for a command to be started in it."""
    found = chosen(call)
    require_host(found.pod)
    if found.state("running") is None:
        message = f'unable to upgrade connection: container not found ("{found.name}")'
        raise Refusal(500, "InternalError", f"Internal error occurred: {message}", causes=[{"message": message}])
    return found


def logged(found: Chosen, *, previous: bool) -> tuple[Object, bool]:
    """The state whose log is meant, running or terminated, and whether it still runs; or the kubelet's refusal."""
    title = f'container "{found.name}" in pod "{found.pod["metadata"]["name"]}"'
    last = found.state("terminated", last=True)
    if previous and last is None:
        raise bad_request(f"previous terminated {title} not found")
    if not found.status:
        raise bad_request(f"{title} is not available")
    if not previous and (state := found.state("running")):
        return state, True
    if not previous and (state := found.state("terminated")):
        return state, False
    if last is not None:
        return last, False
    if waiting := found.state("waiting"):
        reason = waiting.get("reason", "")
        raise bad_request(f"{title} is waiting to start: {_PULLS.get(reason, reason)}")
    raise bad_request(f"{title} is waiting to start - no logs yet")
