"""What a workload was: its revisions, how each differs from what it is now, and the way back to one of them.

As `kubectl rollout undo` does it: a deployment's are its replica sets, the others' are controller revisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from basefly.base.errors import Conflict, FieldError, Invalid, NotFound
from basefly.base.kube import selectors
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.text.document import dump
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.model import MANAGER, ROLLED, STRATEGIC, Ask, Place, Wish
from basefly.core.history.versions.difference import Line, difference

JSON_PATCH = "application/json-patch+json"
CAUSE = "kubernetes.io/change-cause"
_REVISION = "deployment.kubernetes.io/revision"
# What belongs to a deployment itself and not to one of its revisions.
_OWN = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        _REVISION,
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    }
)

Object = dict[str, Any]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What the workload was, once; `change` leads to it from what it is now."""

    number: int
    created_at: datetime
    cause: str
    present: bool
    template: Object
    annotations: Mapping[str, str]
    change: list[Line]


class Revisions(msgspec.Struct, frozen=True):
    """A workload and its revisions, the latest first."""

    workload: Object
    found: list[Revision]

    def wanted(self, number: int | None) -> Revision:
        """The revision of this number; None or 0 means the latest that is not the present. Raises NotFound."""
        fitting = [each for each in self.found if (each.number == number if number else not each.present)]
        if not fitting:
            detail = f"There is no revision {number}." if number else "There is no revision before the present one."
            raise NotFound(detail, cure="Look at its revisions: old ones are removed by and by.")
        return fitting[0]


async def find(house: House, by: Principal, place: Place) -> Revisions:
    """The revisions of a workload. Raises Invalid for a kind that has none, and what the cluster says."""
    cluster, resource, path = place
    if resource not in ROLLED:
        detail = f"{resource} has no revisions."
        raise Invalid(detail, errors=(FieldError("/resource", detail),))
    workload = await asking.get(house, by, cluster, path)
    kept = "replicasets" if resource == "deployments.apps" else "controllerrevisions"
    namespace, uid = workload["metadata"]["namespace"], workload["metadata"]["uid"]
    selector = selectors.written(workload["spec"]["selector"])
    listed = f"/apis/apps/v1/namespaces/{quote(namespace)}/{kept}?labelSelector={quote(selector)}&limit=500"
    held = (await asking.get(house, by, cluster, listed))["items"]
    owned = [each for each in held if any(owner["uid"] == uid for owner in each["metadata"].get("ownerReferences", ()))]
    found = sorted((_revision(workload, each) for each in owned), key=lambda one: one.number, reverse=True)
    return Revisions(workload, _with_present(found))


async def plan(house: House, by: Principal, place: Place, wish: Wish) -> Ask:
    """The way back. Raises as `find` and `wanted` do, and Conflict where there is none to go."""
    revisions = await find(house, by, place)
    revision = revisions.wanted(wish.revision)
    workload = revisions.workload
    if workload["spec"].get("paused"):
        raise Conflict("A paused deployment cannot be rolled back.", cure="Resume its rollout first.")
    if not revision.change:
        raise Conflict(f"It is what it was at revision {revision.number} already.", cure="Choose another revision.")
    if place[1] != "deployments.apps":
        template = revision.template | {"$patch": "replace"}
        return Ask("PATCH", f"?fieldManager={MANAGER}", {"spec": {"template": template}}, STRATEGIC)
    own = {key: value for key, value in _annotations(workload).items() if key in _OWN}
    taken = {key: value for key, value in revision.annotations.items() if key not in _OWN}
    steps = [
        {"op": "replace", "path": "/spec/template", "value": revision.template},
        {"op": "add", "path": "/metadata/annotations", "value": own | taken},
    ]
    return Ask("PATCH", f"?fieldManager={MANAGER}", steps, JSON_PATCH)


def _revision(workload: Object, kept: Object) -> Revision:
    """A replica set or a controller revision as what the workload was."""
    annotations = _annotations(kept)
    if "data" in kept:
        number, template = kept["revision"], dict(kept["data"]["spec"]["template"])
        template.pop("$patch", None)
    else:
        number, template = int(annotations.get(_REVISION, "0")), kept["spec"]["template"]
    template = _plain(template)
    return Revision(
        number=number,
        created_at=datetime.fromisoformat(kept["metadata"]["creationTimestamp"]),
        cause=annotations.get(CAUSE, ""),
        present=False,
        template=template,
        annotations=annotations,
        change=difference(dump(_plain(workload["spec"]["template"])), dump(template)),
    )


def _with_present(found: list[Revision]) -> list[Revision]:
    """Of those that the workload is like, the latest is the present one."""
    present = next((each.number for each in found if not each.change), None)
    return [msgspec.structs.replace(each, present=each.number == present) for each in found]


def _plain(template: Object) -> Object:
    """A pod template without what controllers add, its fields in one order."""
    meta = {key: value for key, value in (template.get("metadata") or {}).items() if value is not None}
    if "labels" in meta:
        meta["labels"] = {key: value for key, value in meta["labels"].items() if key != "pod-template-hash"}
    ordered: Object = _ordered(template | {"metadata": meta})
    return ordered


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


def _annotations(whole: Object) -> dict[str, str]:
    return whole["metadata"].get("annotations") or {}
