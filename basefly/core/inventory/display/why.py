"""What is wrong with a pod, in plain words: read from its status, what hurts most first."""

from __future__ import annotations

from typing import Any

from basefly.base.web.language import t, tn

STARTING = ("", "ContainerCreating", "PodInitializing")
PULLING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable")
MEANINGS = {  # of exit codes, as shells and signals give them (POSIX, 2.8.2; signal(7))
    126: "the command cannot be run",
    127: "the command was not found",
    134: "it aborted",
    137: "it was killed",
    139: "it reached for memory that is not its own",
    143: "it was told to stop",
}

Thing = dict[str, Any]


def why(pod: Thing) -> list[str]:
    """Sentences that say what is wrong; none when nothing is."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    found = [*_whole(status), *_scheduling(status)]
    specs = {one.get("name"): one for part in ("initContainers", "containers") for one in spec.get(part) or ()}
    for part in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(part) or ():
            found += _container(one, specs.get(one.get("name")) or {})
    if found or status.get("phase") != "Running":
        return found
    return _unready(status)


def _whole(status: Thing) -> list[str]:
    reason, message = status.get("reason"), status.get("message") or ""
    if reason == "Evicted":
        return [t("It was evicted from its node. {message}", message=message).strip()]
    if reason == "NodeLost":
        return [t("Its node does not answer, so its state is unknown.")]
    return [t("It failed: {reason}. {message}", reason=reason, message=message).strip()] if reason else []


def _scheduling(status: Thing) -> list[str]:
    for one in status.get("conditions") or ():
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            if one.get("reason") == "SchedulingGated":
                return [t("It waits: a scheduling gate has not been removed yet.")]
            return [t("No node accepts it: {message}", message=one.get("message") or one.get("reason") or "")]
    return []


def _container(one: Thing, spec: Thing) -> list[str]:
    name, state = one.get("name", ""), one.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    last = (one.get("lastState") or {}).get("terminated") or {}
    reason = str(waiting.get("reason") or "")
    if reason in PULLING:
        said = waiting.get("message") or reason
        return [t("The image {image} of container {name} cannot be pulled: {said}",
                  image=spec.get("image") or one.get("image", ""), name=name, said=said)]  # fmt: skip
    if reason == "CrashLoopBackOff":
        again = tn("It was restarted {n} time; Kubernetes waits longer before each restart.",
                   "It was restarted {n} times; Kubernetes waits longer before each restart.",
                   int(one.get("restartCount") or 0))  # fmt: skip
        return [f"{_end(name, last, spec)} {again}"]
    if reason not in STARTING:
        said = waiting.get("message") or reason
        return [t("Container {name} cannot start: {said}", name=name, said=said)]
    if ended and (ended.get("exitCode") or ended.get("signal")):
        return [_end(name, ended, spec)]
    return [_end(name, last, spec)] if last.get("reason") == "OOMKilled" else []


def _end(name: str, ended: Thing, spec: Thing) -> str:
    """How a container came to its end."""
    if ended.get("reason") == "OOMKilled":
        limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
        if limit:
            return t("Container {name} was killed, out of memory (its limit is {limit}).", name=name, limit=limit)
        return t("Container {name} was killed: its node had no memory left, for it has no limit of its own.", name=name)
    code = ended.get("exitCode")
    if code is None:
        return t("Container {name} keeps crashing.", name=name)
    meaning = MEANINGS.get(int(code))
    if meaning:
        return t("Container {name} ended with exit code {code}: {meaning}.", name=name, code=code, meaning=t(meaning))
    return t("Container {name} ended with exit code {code}.", name=name, code=code)


def _unready(status: Thing) -> list[str]:
    names = [
        str(one.get("name"))
        for one in status.get("containerStatuses") or ()
        if not one.get("ready") and "running" in (one.get("state") or {})
    ]
    return [t("Container {name} runs but is not ready: its readiness probe does not succeed.", name=n) for n in names]
