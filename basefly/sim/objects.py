"""The life of objects in one cluster: how they are made, changed and removed, and what follows from it."""

from __future__ import annotations

import random
import uuid
from typing import Any

from basefly.sim import status
from basefly.sim.access.accounts import Accounts
from basefly.sim.bodies import applying, defaults
from basefly.sim.clock import now
from basefly.sim.kinds import custom
from basefly.sim.kinds.catalog import Catalog
from basefly.sim.kinds.kind import Kind
from basefly.sim.rules import LETTERS, check_name, check_update, content, counts_generations, merge
from basefly.sim.status import Refusal
from basefly.sim.store.record import Record, copied, record
from basefly.sim.store.store import Store

Object = dict[str, Any]
_COLLECTED = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
"""Ways of deletion by the finalizers that hold an object until it is done."""
_PROTECTED = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
    "volumeattributesclasses.storage.k8s.io": "kubernetes.io/vac-protection",
}
"""The finalizers that storage is made with; the controller that takes them away does so at once."""
_ROOT_CA = "kube-root-ca.crt"


class Objects:
    """Writes to a cluster by the server's rules; each raises the Refusal that the server would answer with."""

    def __init__(self, store: Store, catalog: Catalog, random_source: random.Random, accounts: Accounts) -> None:
        self.store, self.catalog = store, catalog
        self._random = random_source
        self._accounts = accounts
        self.graceful = False
        """Whether someone ends the pods that are marked: without kubelets they go at once."""

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def create(
        self, kind: Kind, obj: Object, *, namespace: str = "", keep_status: bool = True, dry: bool = False
    ) -> Record:
        """Add an object. Over HTTP most kinds lose a status they bring along."""
        obj = copied(obj)
        meta = self._new_metadata(kind, obj, namespace)
        if not keep_status and kind.part("status") and kind.name != "nodes":
            obj.pop("status", None)
        defaults.fill(kind, obj)
        if kind.name == "services":
            self._give_address(obj)
        if kind.name == custom.RESOURCE:
            custom.establish(obj, meta["creationTimestamp"])
        if holder := _PROTECTED.get(kind.name):
            meta["finalizers"] = list(dict.fromkeys([*(meta.get("finalizers") or ()), holder]))
        if dry:
            made = record(obj, 0)
            made.made = made.body.replace(b'"resourceVersion":"0",', b"", 1)
            return made
        created = self.store.put(kind.name, obj)
        self._follow_creation(kind, obj)
        return created

    def update(
        self,
        kind: Kind,
        held: Record,
        obj: Object,
        *,
        part: str = "",
        dry: bool = False,
        manager: str | None = "",
    ) -> Record:
        """Replace an object: with `part` its status alone, with WHOLE its status too.

        What changes nothing makes no new version. The manager is who asks, empty for the cluster itself, which writes
        whole objects; with None the object brings its managed fields along.
        """
        obj = copied(obj)
        check_update(kind, held, obj)
        old = held.load()
        new = merge(kind, old, obj, part)
        if manager != "":
            defaults.fill(kind, new)
        if manager is None:
            new["metadata"]["managedFields"] = obj["metadata"]["managedFields"]
        elif any(entry["operation"] == "Apply" for entry in old["metadata"].get("managedFields", ())):
            new["metadata"]["managedFields"] = applying.track(
                kind, old, new, applying.Writer(manager or "unknown", part.strip("*"), now())
            )
        if old == new:
            return held
        if counts_generations(kind) and content(old) != content(new):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if kind.name == custom.RESOURCE:
            custom.establish(new, now())
        if dry:
            return record(new, held.version)
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            return self._remove(kind, held, new)
        changed = self.store.put(kind.name, new)
        if kind.name == custom.RESOURCE:
            self._define(new)
        return changed

    def delete(self, kind: Kind, held: Record, *, grace: int | None = None, policy: str = "") -> Record:
        """Remove an object with what it owns, at once or, while finalizers hold it, by marking it.

        `policy` is how what it owns goes: Background (the default), Foreground or Orphan.
        """
        obj = held.load()
        meta = obj["metadata"]
        if meta.get("finalizers") == [_PROTECTED.get(kind.name)]:
            return self._collect(kind, obj)
        if (
            policy in _COLLECTED
            and kind.name not in ("namespaces", custom.RESOURCE)
            and not meta.get("deletionTimestamp")
        ):
            meta["finalizers"] = [*(meta.get("finalizers") or ()), _COLLECTED[policy]]
            return self._collect(kind, obj, policy)
        seconds = _grace(kind, obj, grace)
        if meta.get("deletionTimestamp") and (meta.get("finalizers") or (seconds and self.graceful)):
            return held
        if seconds is not None or meta.get("finalizers"):
            meta["deletionTimestamp"] = now()
            if kind.name not in ("namespaces", custom.RESOURCE):
                meta["deletionGracePeriodSeconds"] = seconds or 0
            if "generation" in meta and kind.name != custom.RESOURCE:
                meta["generation"] += 1
        if seconds or meta.get("finalizers"):
            held = self.store.put(kind.name, obj)
        if meta.get("finalizers") or (seconds and self.graceful):
            return held
        if kind.name in ("namespaces", custom.RESOURCE):
            held = self._terminate(kind, obj)
        return self._remove(kind, held, obj)

    def _collect(self, kind: Kind, obj: Object, policy: str = "") -> Record:
        """Mark an object, let go of what it owns, and remove it: its last finalizer is of a quick controller."""
        meta = obj["metadata"]
        meta |= {"deletionTimestamp": now(), "deletionGracePeriodSeconds": 0}
        if "generation" in meta:
            meta["generation"] += 1
        marked = self.store.put(kind.name, obj)
        for resource, dependent in self.store.owned_by(marked.uid):
            self._let_go(resource, dependent, marked.uid, policy == "Orphan")
        meta["finalizers"].pop()
        if meta["finalizers"]:
            self.store.put(kind.name, obj)
        else:
            self._remove(kind, marked, obj)
        return marked

    def _terminate(self, kind: Kind, obj: Object) -> Record:
        """Mark a namespace or a definition, and empty it."""
        if kind.name == "namespaces":
            obj["status"] = {"phase": "Terminating"}
            marked = self.store.put(kind.name, obj)
            self._empty_namespace(marked.name)
            return marked
        obj["metadata"]["finalizers"] = [custom.FINALIZER]
        return self.store.put(kind.name, obj)

    def _new_metadata(self, kind: Kind, obj: Object, namespace: str) -> Object:
        meta: Object = obj.setdefault("metadata", {})
        if meta.get("resourceVersion"):
            raise Refusal(500, "", "resourceVersion should not be set on objects to be created")
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + "".join(self._random.choices(LETTERS, k=5))
        check_name(kind, meta.get("name", ""))
        if kind.namespaced:
            self._place(meta, namespace)
        if self.store.get(kind.name, meta.get("namespace", ""), meta["name"]):
            raise status.already_exists(kind, meta["name"])
        meta |= {"uid": self.new_uid(), "creationTimestamp": now()}
        if counts_generations(kind):
            meta["generation"] = 1
        return meta

    def _place(self, meta: Object, namespace: str) -> None:
        if namespace and meta.get("namespace", namespace) != namespace:
            raise status.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        meta["namespace"] = namespace or meta.get("namespace") or "default"
        if not self.store.get("namespaces", "", meta["namespace"]):
            raise status.not_found(self.catalog.named("namespaces"), meta["namespace"])

    def _give_address(self, obj: Object) -> None:
        spec = obj["spec"]
        if spec["type"] != "ExternalName" and "clusterIP" not in spec:
            number = self._random.randint(256, 65_000)
            spec["clusterIP"] = f"10.96.{number >> 8}.{number & 255}"
        if "clusterIP" in spec:
            spec |= {"clusterIPs": [spec["clusterIP"]], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}

    def _follow_creation(self, kind: Kind, obj: Object) -> None:
        if kind.name == custom.RESOURCE:
            self._define(obj)
        elif kind.name == "secrets" and (data := self._accounts.credentials(obj)):
            self.store.put(kind.name, obj | {"data": obj.get("data", {}) | data})
        elif kind.name == "namespaces":
            name = obj["metadata"]["name"]
            account: Object = {"metadata": {"name": "default"}}
            self.create(self.catalog.named("serviceaccounts"), account, namespace=name)
            bundle: Object = {"metadata": {"name": _ROOT_CA}, "data": {"ca.crt": self._accounts.authority}}
            self.create(self.catalog.named("configmaps"), bundle, namespace=name)

    def _define(self, definition: Object) -> None:
        name = definition["metadata"]["name"]
        for kind in [kind for kind in self.catalog if kind.definition == name]:
            self.catalog.remove(kind)
        for kind in custom.kinds_of(definition):
            self.catalog.add(kind)

    def redefine(self) -> None:
        """Serve the custom kinds that the store holds definitions of, after it was restored."""
        for kind in [kind for kind in self.catalog if kind.definition]:
            self.catalog.remove(kind)
        for definition in self.store.of(custom.RESOURCE).page():
            self._define(definition.load())

    def _remove(self, kind: Kind, held: Record, last: Object | None = None) -> Record:
        gone = self.store.remove(kind.name, held, last)
        if kind.name == custom.RESOURCE:
            self._undefine(held.name)
        for resource, dependent in self.store.owned_by(held.uid):
            self._let_go(resource, dependent, held.uid, False)
        return gone

    def _let_go(self, resource: str, dependent: Record, uid: str, orphan: bool) -> None:
        """What the garbage collector does with an object one of whose owners is gone."""
        obj = dependent.load()
        owners = [owner for owner in obj["metadata"].get("ownerReferences", ()) if owner["uid"] != uid]
        kind = self.catalog.named(resource)
        if owners or orphan:
            obj["metadata"]["ownerReferences"] = owners
            self.store.put(resource, obj)
        else:
            self.delete(kind, dependent)

    def _undefine(self, definition: str) -> None:
        for kind in [kind for kind in self.catalog if kind.definition == definition]:
            self._empty(kind, "")
            self.catalog.remove(kind)
            self.store.drop(kind.name)

    def _empty_namespace(self, namespace: str) -> None:
        seen = set()
        for kind in list(self.catalog):
            if kind.namespaced and "list" in kind.verbs and kind.name not in seen:
                seen.add(kind.name)
                self._empty(kind, namespace)

    def _empty(self, kind: Kind, namespace: str) -> None:
        for found in self.store.of(kind.name).page(namespace=namespace):
            held = self.store.get(kind.name, found.namespace, found.name)
            if held:
                self.store.remove(kind.name, held)


def _grace(kind: Kind, obj: Object, asked: int | None) -> int | None:
    """The seconds a deletion leaves to an object: those of a placed pod; None where the server marks nothing."""
    if kind.name in ("namespaces", custom.RESOURCE):
        return 0
    if kind.name != "pods":
        return None
    spec = obj.get("spec", {})
    wanted = spec.get("terminationGracePeriodSeconds", 30) if asked is None else asked
    return int(wanted) if spec.get("nodeName") else 0
