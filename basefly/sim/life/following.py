"""What follows pods: endpoints of services, disruption budgets, and the volumes that claims are bound to."""

from __future__ import annotations

from copy import deepcopy

from basefly.sim.life.pods import Pod, view
from basefly.sim.life.work import Object, Work, load, owner_reference, set_condition, share
from basefly.sim.store.record import Record

SERVICES, SLICES, BUDGETS = "services", "endpointslices.discovery.k8s.io", "poddisruptionbudgets.policy"
CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_PROTECTION = "kubernetes.io/pvc-protection"


class Followers:
    """Which services and budgets select a pod: read once for each namespace, and then followed."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._selectors: dict[tuple[str, str], dict[str, dict[str, str]]] = {}

    def hear(self, resource: str, record: Record, *, gone: bool) -> None:
        held = self._selectors.get((resource, record.namespace))
        if held is not None:
            held[record.key] = {} if gone else selector_of(resource, record.load())

    def hear_pod(self, record: Record) -> None:
        """A pod's readiness or address has changed: whatever selects it is looked at again."""
        labels = record.labels.items()
        for resource in (SERVICES, BUDGETS):
            for key, selector in self._of(resource, record.namespace).items():
                if selector and selector.items() <= labels:
                    self._work.look(resource, key)

    def _of(self, resource: str, namespace: str) -> dict[str, dict[str, str]]:
        held = self._selectors.get((resource, namespace))
        if held is None:
            records = self._work.store.of(resource).page(namespace=namespace)
            held = {record.key: selector_of(resource, record.load()) for record in records}
            self._selectors[resource, namespace] = held
        return held


def selector_of(resource: str, obj: Object) -> dict[str, str]:
    selector: dict[str, str] = obj.get("spec", {}).get("selector") or {}
    return selector if resource == SERVICES else obj["spec"].get("selector", {}).get("matchLabels") or {}


def _selected(work: Work, namespace: str, selector: dict[str, str]) -> list[tuple[Record, Pod]]:
    wanted = selector.items()
    records = work.store.of("pods").page(namespace=namespace)
    found = ((record, view(record)) for record in records if wanted <= record.labels.items())
    return [one for one in found if not one[1].finished]


def reconcile_service(work: Work, key: str) -> None:
    """Bring the endpoint slice of a service up to its pods."""
    service = work.get(SERVICES, key)
    selector = selector_of(SERVICES, service) if service else {}
    if service is None or not selector:
        return
    meta = service["metadata"]
    pods = [one for one in _selected(work, meta["namespace"], selector) if one[1].status.pod_ip]
    sliced = next((load(record) for record in work.owned(meta["uid"], SLICES)), None)
    named = {held["name"]: held["containerPort"] for held in _named_ports(pods)}
    ports = [_port(held, named) for held in service["spec"].get("ports", ())]
    content = {"addressType": "IPv4", "endpoints": [_endpoint(*one) for one in pods], "ports": ports}
    if sliced is None:
        name = f"{meta['name']}-{work.objects.new_uid()[:5]}"
        labels = meta.get("labels", {}) | {"kubernetes.io/service-name": meta["name"]}
        labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
        made = {
            "name": name,
            "generateName": f"{meta['name']}-",
            "namespace": meta["namespace"],
            "labels": labels,
            "generation": 1,
        }
        made["ownerReferences"] = [owner_reference("Service", service)]
        work.create(SLICES, {"metadata": made, **content})
    elif any(sliced.get(part) != value for part, value in content.items()):
        sliced["metadata"]["generation"] = sliced["metadata"].get("generation", 0) + 1
        work.put(SLICES, sliced | content)


def _named_ports(pods: list[tuple[Record, Pod]]) -> list[Object]:
    if not pods:
        return []
    containers = load(pods[0][0])["spec"]["containers"]
    return [port for held in containers for port in held.get("ports", ()) if "name" in port]


def _port(port: Object, named: dict[str, int]) -> Object:
    target = port.get("targetPort", port["port"])
    number = named.get(target, 8080) if isinstance(target, str) else target
    return {"name": port.get("name", ""), "protocol": port.get("protocol", "TCP"), "port": number}


def _endpoint(record: Record, pod: Pod) -> Object:
    ready = pod.ready and not pod.deleting
    return {
        "addresses": [pod.status.pod_ip],
        "conditions": {"ready": ready, "serving": pod.ready, "terminating": pod.deleting},
        "nodeName": pod.spec.node_name,
        "targetRef": {"kind": "Pod", "namespace": record.namespace, "name": record.name, "uid": record.uid},
    }


def reconcile_budget(work: Work, key: str) -> None:
    budget = work.get(BUDGETS, key)
    if budget is None:
        return
    spec, meta = budget["spec"], budget["metadata"]
    pods = [pod for _, pod in _selected(work, meta["namespace"], selector_of(BUDGETS, budget))]
    healthy = sum(pod.ready and pod.active for pod in pods)
    expected = max(_wanted(work, meta["namespace"], pods), healthy)
    if "minAvailable" in spec:
        desired = share(spec["minAvailable"], expected, up=True)
    else:
        desired = max(expected - share(spec.get("maxUnavailable", 1), expected, up=True), 0)
    counts: Object = {"currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected}
    counts["disruptionsAllowed"] = max(healthy - desired, 0)
    status = counts | {"observedGeneration": meta.get("generation", 1)}
    status["conditions"] = deepcopy(budget.get("status", {}).get("conditions", []))
    allowed = ("True", "SufficientPods") if counts["disruptionsAllowed"] else ("False", "InsufficientPods")
    set_condition(status, "DisruptionAllowed", *allowed)
    work.put_status(BUDGETS, budget, status)


def _wanted(work: Work, namespace: str, pods: list[Pod]) -> int:
    """How many pods their controllers want; a pod without one counts as itself."""
    owners = {(pod.owner.kind, pod.owner.name) for pod in pods if pod.owner}
    held = (work.get(f"{kind.lower()}s.apps", f"{namespace}/{name}") for kind, name in owners)
    return sum(int(obj["spec"].get("replicas", 0)) for obj in held if obj) + sum(not pod.owner for pod in pods)


def reconcile_claim(work: Work, key: str) -> None:
    """Bind a claim to a volume of its own, and let go of it when no pod needs it any longer."""
    record = work.store.of(CLAIMS).records.get(key)
    if record is None:
        return
    claim = record.load()
    meta = claim["metadata"]
    # 1. It is to be deleted: it goes when no pod uses it, and its volume with it.
    if "deletionTimestamp" in meta:
        if _used(work, meta):
            work.after(10, work.look, CLAIMS, key)
            return
        meta["finalizers"] = [one for one in meta.get("finalizers", ()) if one != _PROTECTION]
        work.objects.update(work.objects.catalog.named(CLAIMS), record, claim)
        if not meta["finalizers"]:
            work.delete(VOLUMES, f"/{claim['spec'].get('volumeName', '')}")
        return
    # 2. It waits, and its class does not wait for a pod, or the pod is there.
    if claim.get("status", {}).get("phase") == "Bound":
        return
    found = _class_of(work, claim)
    if found and found.get("volumeBindingMode") == "WaitForFirstConsumer" and not _used(work, meta):
        work.after(5, work.look, CLAIMS, key)
    elif found:
        _bind(work, claim, found["metadata"]["name"])


def _class_of(work: Work, claim: Object) -> Object | None:
    """The storage class that a claim names, or else the default one; without a class nothing is provisioned."""
    classes = [record.load() for record in work.store.of("storageclasses.storage.k8s.io").page()]
    name = claim["spec"].get("storageClassName")
    if name is not None:
        return next((held for held in classes if held["metadata"]["name"] == name), None)
    return next((held for held in classes if held["metadata"].get("annotations", {}).get(_DEFAULT) == "true"), None)


def _used(work: Work, meta: Object) -> bool:
    for record in work.store.of("pods").page(namespace=meta["namespace"]):
        if meta["name"].encode() in record.body:
            volumes = record.load()["spec"].get("volumes", ())
            if any(held.get("persistentVolumeClaim", {}).get("claimName") == meta["name"] for held in volumes):
                return True
    return False


def _bind(work: Work, claim: Object, class_name: str) -> None:
    meta, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{meta['uid']}"
    size = spec.get("resources", {}).get("requests", {})
    shared = {"accessModes": spec.get("accessModes", []), "storageClassName": class_name, "volumeMode": "Filesystem"}
    named = {part: meta[part] for part in ("namespace", "name", "uid")}
    source = {"driver": "csi.example.com", "volumeHandle": meta["uid"]}
    backing = {"capacity": size, "csi": source, "persistentVolumeReclaimPolicy": "Delete"}
    backing["claimRef"] = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", **named}
    work.create(VOLUMES, {"metadata": {"name": name}, "spec": shared | backing, "status": {"phase": "Bound"}})
    meta["finalizers"] = sorted({*meta.get("finalizers", ()), _PROTECTION})
    claim["spec"] |= shared | {"volumeName": name}
    claim["status"] = {"phase": "Bound", "accessModes": shared["accessModes"], "capacity": size}
    work.put(CLAIMS, claim)
    message = f"Successfully provisioned volume {name}"
    work.tell(("PersistentVolumeClaim", claim), "ProvisioningSucceeded", message, "csi.example.com")
