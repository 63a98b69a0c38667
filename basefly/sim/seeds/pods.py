"""Pods of applications, where they were placed and how they fare, and the events that tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from basefly.sim.seeds.apps import App, Made, ages, common, owner
from basefly.sim.seeds.chance import Chance, digest
from basefly.sim.seeds.names import FAILURES
from basefly.sim.seeds.world import DAY, HOUR, MINUTE

_UNSCHEDULABLE = "0/{nodes} nodes are available: {nodes} Insufficient cpu. no new claims to deallocate."
_SHAPES = {"Running": "pod", "Succeeded": "pod-completed"}


class Fate(NamedTuple):
    """How a pod fares: its phase, why its container waits, and how often that was restarted."""

    phase: str = "Running"
    waiting: str = ""
    restarts: int = 0

    @property
    def placed(self) -> bool:
        return self.phase != "Pending" or bool(self.waiting)

    @property
    def ready(self) -> bool:
        return self.phase == "Running" and not self.waiting


def fate(app: App, number: int) -> Fate:
    """Most pods run; a few do not, in the ways that pods do not."""
    if app.form == "CronJob":
        return Fate("Succeeded")
    if app.form == "DaemonSet":
        return Fate()
    chance = app.chance("fate", number)
    roll = chance.below(1000)
    if roll < 12:
        return Fate("Running", "CrashLoopBackOff", chance.between(4, 180))
    if roll < 18:
        return Fate("Pending", chance.pick(("ImagePullBackOff", "CreateContainerConfigError")))
    if roll < 24:
        return Fate("Pending")
    return Fate(restarts=chance.between(1, 6) if roll < 100 else 0)


def ready(app: App) -> int:
    return sum(fate(app, number).ready for number in range(app.replicas))


def pod_name(app: App, number: int) -> str:
    if app.form == "StatefulSet":
        return f"{app.name}-{number}"
    made = app.name if app.form == "DaemonSet" else controller(app, number)["owner"]
    return f"{made}-{app.chance('pod', number).suffix()}"


def address(app: App, number: int) -> str:
    chance = app.chance("ip", number)
    return f"10.244.{chance.below(256)}.{chance.between(2, 254)}"


def node_of(app: App, number: int) -> int:
    """The number of a pod's node."""
    return number if app.form == "DaemonSet" else app.chance("node", number).below(app.world.nodes)


def controller(app: App, number: int) -> dict[str, Any]:
    """Each run of a cron job has a job of its own."""
    return owner(app, number if app.form == "CronJob" else 0)


def age_of(app: App, number: int) -> int:
    return HOUR + 6 * HOUR * number if app.form == "CronJob" else ages(app)[1]


def pod(app: App, number: int) -> Made:
    fares, age, world = fate(app, number), age_of(app, number), app.world
    uid = app.uid("Pod", number)
    held = common(app) | controller(app, number)
    held |= {"name": pod_name(app, number), "uid": uid, "created": world.ago(age)}
    if not fares.placed:
        return "pod-unscheduled", held | {"message": _UNSCHEDULABLE.format(nodes=world.nodes)}
    node, chance = node_of(app, number), app.chance("told", number)
    held |= {
        "node": world.node_name(node),
        "host": world.node_address(node),
        "ip": address(app, number),
        "reported": world.ago(min(age, chance.between(30, DAY))),
        "phase": fares.phase,
        "ended": world.ago(age - 25),
        "ready": fares.ready,
        "restarts": fares.restarts,
        "container": digest(uid, fares.restarts),
        "image_id": digest(held["image"]),
    }
    held |= {"state": _state(held, fares), "last": _last(app, held, chance, age) if fares.restarts else {}}
    return _SHAPES[fares.phase] if fares.ready or fares.phase == "Succeeded" else "pod-unready", held


def _state(held: dict[str, Any], fares: Fate) -> dict[str, Any]:
    if fares.waiting:
        return {"waiting": {"reason": fares.waiting, "message": FAILURES[fares.waiting].format_map(held)}}
    if fares.phase == "Succeeded":
        times = {"startedAt": held["created"], "finishedAt": held["ended"]}
        ended = {"exitCode": 0, "reason": "Completed", **times, "containerID": f"containerd://{held['container']}"}
        return {"terminated": ended}
    return {"running": {"startedAt": held["created"]}}


def _last(app: App, held: dict[str, Any], chance: Chance, age: int) -> dict[str, Any]:
    reason, code = chance.pick((("Error", 1), ("OOMKilled", 137)))
    ended = min(age, chance.between(MINUTE, 2 * DAY))
    times = {"startedAt": held["created"], "finishedAt": app.world.ago(ended)}
    before = digest(held["uid"], held["restarts"] - 1)
    return {"terminated": {"exitCode": code, "reason": reason, **times, "containerID": f"containerd://{before}"}}


class Report(NamedTuple):
    """What somebody has to say about a pod."""

    type: str
    reason: str
    message: str
    component: str
    times: int = 1


def troubles(app: App, number: int) -> Iterator[Report]:
    fares = fate(app, number)
    if fares.placed and not fares.waiting:
        return
    _, held = pod(app, number)
    if not fares.placed:
        yield Report("Warning", "FailedScheduling", held["message"], "default-scheduler", 4)
    elif fares.waiting == "CrashLoopBackOff":
        message = f"Back-off restarting failed container {app.name} in pod {held['name']}"
        yield Report("Warning", "BackOff", message, "kubelet", fares.restarts * 5 + 1)
    else:
        yield Report("Warning", "Failed", held["state"]["waiting"]["message"], "kubelet", 12)


def births(app: App, number: int) -> Iterator[Report]:
    if not fate(app, number).placed:
        return
    node = app.world.node_name(node_of(app, number))
    placed = f"Successfully assigned {app.team}/{pod_name(app, number)} to {node}"
    yield Report("Normal", "Scheduled", placed, "default-scheduler")
    present = f'Container image "{common(app)["image"]}" already present on machine'
    yield Report("Normal", "Pulled", present, "kubelet")
    yield Report("Normal", "Started", "Container started", "kubelet")


def event(app: App, number: int, report: Report) -> Made:
    chance, name = app.chance("event", number, report.reason), pod_name(app, number)
    age = chance.between(5, 55 * MINUTE)
    host = app.world.node_name(node_of(app, number)) if report.component == "kubelet" else ""
    about = {"kind": "Pod", "namespace": app.team, "name": name, "uid": app.uid("Pod", number), "apiVersion": "v1"}
    if host:
        about["fieldPath"] = f"spec.containers{{{app.name}}}"
    return "event", report._asdict() | {
        "name": f"{name}.{chance.below(1 << 60):016x}",
        "uid": chance.uid(),
        "team": app.team,
        "about": about,
        "first": app.world.ago(age),
        "last": app.world.ago(chance.between(1, 5) if report.times > 1 else age),
        "source": {"component": report.component} | ({"host": host} if host else {}),
        "host": host,
    }
