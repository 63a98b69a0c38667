"""Pods of real size: templates as teams write them, and what scheduler and kubelet add."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from basefly.sim.seeds.managed import Writer, managed_fields
from basefly.sim.seeds.names import FAILURES
from basefly.sim.seeds.world import Object, World

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  # a path, no secret
_UNSCHEDULABLE = "0/{nodes} nodes are available: {nodes} Insufficient cpu. no new claims to deallocate."


class Fate(NamedTuple):
    """How a pod fares: its phase, why a container waits, and how often it was restarted."""

    phase: str = "Running"
    waiting: str = ""
    restarts: int = 0


def fate(world: World) -> Fate:
    """Most pods run; a few do not, in the ways that pods do not."""
    roll = world.chance.random()
    if roll < 0.012:
        return Fate("Running", "CrashLoopBackOff", world.chance.randint(4, 180))
    if roll < 0.018:
        return Fate("Pending", world.pick(("ImagePullBackOff", "CreateContainerConfigError")))
    if roll < 0.024:
        return Fate("Pending")
    return Fate(restarts=world.chance.randint(1, 6) if roll < 0.1 else 0)


def template(world: World, app: str, team: str, labels: dict[str, str]) -> Object:
    """A pod template with one container, as a chart would render it."""
    image = f"registry.example.com/{team}/{app}:{world.chance.randint(1, 9)}.{world.chance.randint(0, 40)}.0"
    cpu, memory = world.pick((("100m", "128Mi"), ("250m", "256Mi"), ("500m", "512Mi"), ("1", "1Gi")))
    container: Object = {
        "name": app,
        "image": image,
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": _environment(app, team),
        "resources": {"limits": {"memory": memory}, "requests": {"cpu": cpu, "memory": memory}},
        "volumeMounts": [{"name": "config", "readOnly": True, "mountPath": "/etc/app"}],
        "readinessProbe": _probe("/readyz", 5),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"allowPrivilegeEscalation": False},
    }
    spec: Object = {
        "volumes": [{"name": "config", "configMap": {"name": f"{app}-config", "defaultMode": 420}}],
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": app,
        "serviceAccount": app,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "schedulerName": "default-scheduler",
    }
    return {"metadata": {"labels": labels, "annotations": {"prometheus.io/scrape": "true"}}, "spec": spec}


def _environment(app: str, team: str) -> list[Object]:
    key = {"name": f"{app}-credentials", "key": "password"}
    return [
        {"name": "SERVICE_NAME", "value": f"{team}-{app}"},
        {"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": key}},
    ]


def _probe(path: str, period: int) -> Object:
    times = {"timeoutSeconds": 1, "periodSeconds": period, "successThreshold": 1, "failureThreshold": 3}
    return {"httpGet": {"path": path, "port": "http", "scheme": "HTTP"}, **times}


def plant_pod(
    world: World, name: str, namespace: str, *, owner: Object, template: Object, placed: tuple[Object, Fate, timedelta]
) -> Object:
    """Plant a pod; `placed` is its node, its fate and its age."""
    node, fares, age = placed
    made = template["metadata"]
    pod: Object = {
        "metadata": world.metadata(
            name, namespace, age=age, labels=made["labels"], annotations=made.get("annotations"), owner=owner
        ),
        "spec": _spec(template["spec"]),
    }
    waits_for_node = fares.phase == "Pending" and not fares.waiting
    if waits_for_node:
        nodes = len(world.planted.get("nodes", ()))
        pod["status"] = {"phase": "Pending", "qosClass": "Burstable", "conditions": [_unscheduled(world, nodes, age)]}
    else:
        pod["spec"]["nodeName"] = node["metadata"]["name"]
        pod["status"] = _status(world, pod, node, fares, age)
    pod["metadata"]["managedFields"] = _managed(world, pod, template["spec"], age)
    return world.add("pods", pod)


def _managed(world: World, pod: Object, written: Object, age: timedelta) -> list[Object]:
    """The controller wrote what the template says, without what admission added; the kubelet reports the rest."""
    maker = Writer("kube-controller-manager", ("metadata.labels", "metadata.ownerReferences"), world.ago(age))
    made = managed_fields(pod, (maker,))
    made[0]["fieldsV1"]["f:spec"] = _fields_of_spec(world, written)
    seen = world.ago(min(age, timedelta(seconds=world.chance.randint(30, 86_400))))
    status = tuple(f"status.{part}" for part in pod["status"] if part != "qosClass")
    reporter = "kubelet" if "nodeName" in pod["spec"] else "kube-scheduler"
    reported = Writer(reporter, status, seen, subresource="status")
    return made + managed_fields(pod, (reported,))


def _fields_of_spec(world: World, written: Object) -> Object:
    """All pods of one template share these: they are worked out once."""
    if id(written) not in world.shared:
        writer = Writer("", tuple(f"spec.{part}" for part in written), "")
        world.shared[id(written)] = managed_fields({"spec": written}, (writer,))[0]["fieldsV1"]["f:spec"]
    fields: Object = world.shared[id(written)]
    return fields


def _spec(template: Object) -> Object:
    """The template's spec with the token volume and tolerations that admission adds."""
    mount = {"name": "kube-api-access", "readOnly": True, "mountPath": _TOKEN_PATH}
    containers = [held | {"volumeMounts": [*held.get("volumeMounts", ()), mount]} for held in template["containers"]]
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    token = {"name": "kube-api-access", "projected": {"sources": sources, "defaultMode": 420}}
    lost = [
        {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for why in ("not-ready", "unreachable")
    ]
    added = {"tolerations": lost, "priority": 0, "enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority"}
    return template | {"containers": containers, "volumes": [*template.get("volumes", ()), token]} | added


def _unscheduled(world: World, nodes: int, age: timedelta) -> Object:
    return {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": world.ago(age),
        "reason": "Unschedulable",
        "message": _UNSCHEDULABLE.format(nodes=nodes),
    }


def _status(world: World, pod: Object, node: Object, fares: Fate, age: timedelta) -> Object:
    host = node["status"]["addresses"][0]["address"]
    number = world.chance.getrandbits(16)
    address = f"10.244.{number >> 8}.{number & 255}"
    done, well = fares.phase == "Succeeded", fares.phase == "Running" and not fares.waiting
    return {
        "observedGeneration": 1,
        "phase": fares.phase,
        "conditions": _conditions(world, age, well=well, done=done),
        "hostIP": host,
        "hostIPs": [{"ip": host}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": world.ago(age),
        "containerStatuses": [_container(world, pod, held, fares, age) for held in pod["spec"]["containers"]],
        "qosClass": "Burstable",
    }


def _conditions(world: World, age: timedelta, *, well: bool, done: bool) -> list[Object]:
    ready = "True" if well else "False"
    why: Object = {}
    if done:
        why = {"reason": "PodCompleted"}
    elif not well:
        why = {"reason": "ContainersNotReady", "message": "containers with unready status"}
    held = {
        "PodReadyToStartContainers": ("False" if done else "True", {}),
        "Initialized": ("True", {"reason": "PodCompleted"} if done else {}),
        "Ready": (ready, why),
        "ContainersReady": (ready, why),
        "PodScheduled": ("True", {}),
    }
    since = {"lastProbeTime": None, "lastTransitionTime": world.ago(age)}
    return [{"type": kind, **since, "status": value, **more} for kind, (value, more) in held.items()]


def _container(world: World, pod: Object, held: Object, fares: Fate, age: timedelta) -> Object:
    identity = f"containerd://{world.chance.getrandbits(256):064x}"
    image = held["image"]
    well = fares.phase == "Running" and not fares.waiting
    return {
        "name": held["name"],
        "state": _state(world, pod, held, fares, age),
        "lastState": _last(world, identity, age) if fares.restarts else {},
        "ready": well,
        "restartCount": fares.restarts,
        "image": image,
        "imageID": f"{image.partition(':')[0]}@sha256:{world.chance.getrandbits(256):064x}",
        "containerID": identity,
        "started": well,
    }


def _state(world: World, pod: Object, held: Object, fares: Fate, age: timedelta) -> Object:
    if fares.waiting:
        meta = pod["metadata"]
        words = {"container": held["name"], "image": held["image"], "pod": meta["name"]}
        message = FAILURES[fares.waiting].format(**words, namespace=meta["namespace"], uid=meta["uid"])
        return {"waiting": {"reason": fares.waiting, "message": message}}
    if fares.phase == "Succeeded":
        times = {"startedAt": world.ago(age), "finishedAt": world.ago(age - timedelta(seconds=25))}
        return {"terminated": {"exitCode": 0, "reason": "Completed", **times}}
    return {"running": {"startedAt": world.ago(age)}}


def _last(world: World, identity: str, age: timedelta) -> Object:
    reason, code = world.pick((("Error", 1), ("OOMKilled", 137)))
    ended = world.age(min(age, timedelta(minutes=1)), max(min(age, timedelta(days=2)), timedelta(minutes=1)))
    times = {"startedAt": world.ago(age), "finishedAt": world.ago(ended)}
    return {"terminated": {"exitCode": code, "reason": reason, **times, "containerID": identity}}
