"""The kubelets of a cluster: they start, watch and stop the containers of pods that have a node."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial

from basefly.sim.clock import now
from basefly.sim.life.pods import Pod, container_statuses, running, waiting
from basefly.sim.life.work import Object, Work, set_condition
from basefly.sim.store.record import Record

Act = Callable[[str, Object], None]
_LONGEST = 300.0
_UNREADY = ("ContainersNotReady", "containers with unready status")


class Kubelet:
    """What pods are about to do. `lost` are nodes that say nothing; `crashing` are images that do not stay up."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._started: set[str] = set()
        self._stopped: set[str] = set()
        self._images: set[tuple[str, str]] = set()
        self.lost: set[str] = set()
        self.crashing: set[str] = set()

    def hear(self, record: Record, pod: Pod, *, gone: bool) -> None:
        """Take up a pod that was placed or is to end."""
        uid = record.uid
        if gone:
            self._started.discard(uid)
            self._stopped.discard(uid)
        elif pod.deleting:
            if uid not in self._stopped:
                self._stopped.add(uid)
                grace = pod.metadata.deletion_grace_period_seconds
                self._later(min(grace, self._work.chance.uniform(0.5, 3)), self._remove, record)
        elif pod.spec.node_name and uid not in self._started and not (pod.finished or pod.status.container_statuses):
            self._started.add(uid)
            self._later(0.2, self._pull, record)

    def crash(self, key: str, reason: str = "Error", code: int = 1) -> None:
        """End the containers of a pod that runs; they are started again as its policy says."""
        pod = self._work.get("pods", key)
        if pod and pod["status"].get("containerStatuses"):
            self._end(key, pod, reason, code)

    def _later(self, seconds: float, act: Act, record: Record) -> None:
        self._work.after(seconds, self._turn, act, record.key, record.uid)

    def _again(self, seconds: float, act: Act, key: str, pod: Object) -> None:
        self._work.after(seconds, self._turn, act, key, pod["metadata"]["uid"])

    def _turn(self, act: Act, key: str, uid: str) -> None:
        """Act on a pod if it is still there and its node can be reached."""
        record = self._work.store.of("pods").records.get(key)
        if record is None or record.uid != uid:
            return
        pod = record.load()
        over = "deletionTimestamp" in pod["metadata"] or pod["status"].get("phase") in ("Succeeded", "Failed")
        if pod["spec"].get("nodeName") in self.lost:
            self._work.after(10, self._turn, act, key, uid)
        elif act == self._remove or not over:
            act(key, pod)

    def _remove(self, key: str, pod: Object) -> None:
        if pod["status"].get("phase") == "Running":
            self._tell(pod, "Killing", f"Stopping container {pod['spec']['containers'][0]['name']}")
        self._work.delete("pods", key, grace=0)

    def _pull(self, key: str, pod: Object) -> None:
        node, image = pod["spec"]["nodeName"], pod["spec"]["containers"][0]["image"]
        host = self._work.store.get("nodes", "", node)
        addresses = host.load()["status"].get("addresses") if host else ()
        if addresses:
            pod["status"] |= {"hostIP": addresses[0]["address"], "hostIPs": [{"ip": addresses[0]["address"]}]}
        pod["status"]["startTime"] = now()
        set_condition(pod["status"], "Initialized", "True")
        if "missing" in image or "doesnotexist" in image:
            self._fail_to_pull(key, pod)
            return
        self._say(pod, waiting("ContainerCreating"), ready=False)
        if (node, image) in self._images and not image.endswith(":latest"):
            self._tell(pod, "Pulled", f'Container image "{image}" already present on machine')
            self._again(self._work.chance.uniform(0.7, 2), self._run, key, pod)
        else:
            self._tell(pod, "Pulling", f'Pulling image "{image}"')
            seconds = self._work.chance.uniform(2, 8)
            self._again(seconds, partial(self._pulled, f"{seconds:.3f}s"), key, pod)
        self._images.add((node, image))

    def _pulled(self, took: str, key: str, pod: Object) -> None:
        image = pod["spec"]["containers"][0]["image"]
        size = 20_000_003 + zlib.crc32(image.encode()) % 300_000_000
        told = f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
        self._tell(pod, "Pulled", told)
        self._run(key, pod)

    def _fail_to_pull(self, key: str, pod: Object) -> None:
        image, tries = pod["spec"]["containers"][0]["image"], pod["status"].get("containerStatuses")
        why = f'failed to pull and unpack image "{image}": {image}: not found'
        if tries and tries[0]["state"]["waiting"]["reason"] == "ErrImagePull":
            self._tell(pod, "BackOff", f'Back-off pulling image "{image}"')
            state = waiting("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {why}')
        else:
            self._tell(pod, "Failed", f'Failed to pull image "{image}": {why}', warning=True)
            state = waiting("ErrImagePull", why)
        self._say(pod, state, ready=False)
        self._again(self._work.chance.uniform(10, 60), self._fail_to_pull, key, pod)

    def _run(self, key: str, pod: Object) -> None:
        spec, status, chance = pod["spec"], pod["status"], self._work.chance
        image = spec["containers"][0]["image"]
        crashes = "crash" in image or image in self.crashing
        probe = spec["containers"][0].get("readinessProbe")
        if "podIP" not in status:
            number = chance.getrandbits(16)
            status["podIP"] = f"10.244.{number >> 8}.{number & 255}"
            status["podIPs"] = [{"ip": status["podIP"]}]
            self._tell(pod, "Created", "Container created")
        status |= {"phase": "Running", "observedGeneration": 1}
        set_condition(status, "PodReadyToStartContainers", "True")
        self._tell(pod, "Started", "Container started")
        self._say(pod, running(), ready=not probe and not crashes)
        if crashes:
            self._again(chance.uniform(0.5, 2), self._crash, key, pod)
        elif spec["restartPolicy"] != "Always":
            self._again(chance.uniform(5, 40), self._complete, key, pod)
        elif probe:
            delay = probe.get("initialDelaySeconds", 0) + chance.uniform(0.5, probe.get("periodSeconds", 10))
            self._again(delay, self._pass, key, pod)

    def _pass(self, _key: str, pod: Object) -> None:
        """The readiness probe succeeds, if the container has not ended meanwhile."""
        state = pod["status"]["containerStatuses"][0]["state"]
        if "running" in state:
            self._say(pod, state, ready=True)

    def _crash(self, key: str, pod: Object) -> None:
        self._end(key, pod, "Error", 1)

    def _complete(self, _key: str, pod: Object) -> None:
        pod["status"]["phase"] = "Succeeded"
        self._say(pod, _terminated(pod, "Completed", 0), ready=False)

    def _end(self, key: str, pod: Object, reason: str, code: int) -> None:
        """A container ended badly: it stays so, or is started again after a time that doubles with each end."""
        ended = _terminated(pod, reason, code)
        if pod["spec"]["restartPolicy"] == "Never":
            pod["status"]["phase"] = "Failed"
            self._say(pod, ended, ready=False)
            return
        for held in pod["status"]["containerStatuses"]:
            held["restartCount"] += 1
            held["lastState"] = ended
        again, pause = pod["status"]["containerStatuses"][0]["restartCount"], 1.0
        if again > 1:
            name, meta = pod["spec"]["containers"][0]["name"], pod["metadata"]
            pause = min(10.0 * 2 ** (again - 2), _LONGEST)
            told = f"back-off {int(pause)}s restarting failed container={name} pod={meta['name']}_{meta['namespace']}"
            ended = waiting("CrashLoopBackOff", f"{told}({meta['uid']})")
            back_off = f"Back-off restarting failed container {name} in pod {meta['name']}_{meta['namespace']}"
            self._tell(pod, "BackOff", f"{back_off}({meta['uid']})", warning=True)
        self._say(pod, ended, ready=False)
        self._again(pause, self._run, key, pod)

    def _say(self, pod: Object, state: Object, *, ready: bool) -> None:
        """Report the state of all containers, and what follows from it."""
        status = pod["status"]
        status["containerStatuses"] = container_statuses(pod, state, ready=ready)
        if ready:
            why = ("True", "", "")
        else:
            why = ("False", "PodCompleted", "") if status["phase"] == "Succeeded" else ("False", *_UNREADY)
        for kind in ("Ready", "ContainersReady"):
            set_condition(status, kind, *why)
        self._work.put("pods", pod)

    def _tell(self, pod: Object, reason: str, message: str, *, warning: bool = False) -> None:
        self._work.tell(("Pod", pod), reason, message, "kubelet", warning=warning)


def _terminated(pod: Object, reason: str, code: int) -> Object:
    state = pod["status"]["containerStatuses"][0]["state"]
    began = state.get("running", {}).get("startedAt") or now()
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": now()}}
