"""The verbs: to which kinds they may be done, what they need, and what they ask of a cluster. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from basefly.base.errors import FieldError, Invalid
from basefly.base.web.language import msg
from basefly.core.gateway.verbs import keys
from basefly.core.gateway.verbs.keys import Section

Name = Literal[
    "restart", "scale", "rollback", "pause", "resume", "cordon", "uncordon", "trigger", "suspend", "unsuspend",
    "label", "annotate", "delete",
]  # fmt: skip
Propagation = Literal["background", "foreground", "orphan"]
Place = tuple[str, str, str]  # the id of an object's cluster, its resource with its group, its path there

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
MOST_REPLICAS = 100_000
MANAGER = "basefly"  # who the cluster says has written a field

_TEMPLATED = ("deployments.apps", "statefulsets.apps", "daemonsets.apps")
ROLLED = _TEMPLATED  # kinds that remember what they were
_SCALED = ("deployments.apps", "statefulsets.apps", "replicasets.apps", "replicationcontrollers")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A verb and what it needs: `replicas` to scale; how to delete, with `grace` in seconds.

    `changes` are labels or annotations, None for one that goes; `revision` is where to roll back to, None for the one
    before the present.
    """

    verb: Name
    replicas: int | None = None
    revision: int | None = None
    changes: Mapping[str, str | None] = {}
    propagation: Propagation = "background"
    grace: int | None = None


class Ask(msgspec.Struct, frozen=True):
    """One request to a cluster: what is added to the object's path (or to `path`, if given), and what is sent."""

    method: str
    suffix: str
    body: Any
    media: str = "application/json"
    path: str = ""


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """`kinds` None means every kind. `title` and `done` are how people read it.

    `ask` None means that something has to be read before one knows what to ask (`perform.PLANS`).
    """

    title: str
    done: str
    symbol: str
    kinds: tuple[str, ...] | None
    ask: Callable[[Wish], Ask] | None
    dangerous: bool = False


def _patched(spec: Mapping[str, Any], media: str = MERGE) -> Ask:
    return Ask("PATCH", f"?fieldManager={MANAGER}", {"spec": dict(spec)}, media)


def _restart(_: Wish) -> Ask:
    """As `kubectl rollout restart`: a changed template makes the controller replace every pod."""
    stamp = {"kubectl.kubernetes.io/restartedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    return _patched({"template": {"metadata": {"annotations": stamp}}}, STRATEGIC)


def _scale(wish: Wish) -> Ask:
    if wish.replicas is None or not 0 <= wish.replicas <= MOST_REPLICAS:
        detail = f"Give the number of replicas, from 0 to {MOST_REPLICAS}."
        raise Invalid(detail, errors=(FieldError("/replicas", detail),))
    return Ask("PATCH", f"/scale?fieldManager={MANAGER}", {"spec": {"replicas": wish.replicas}}, MERGE)


def _delete(wish: Wish) -> Ask:
    if wish.grace is not None and not 0 <= wish.grace <= 86_400:
        detail = "Give the grace in seconds, from 0 to 86400, or leave it out."
        raise Invalid(detail, errors=(FieldError("/grace", detail),))
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
    body["propagationPolicy"] = wish.propagation.capitalize()
    if wish.grace is not None:
        body["gracePeriodSeconds"] = wish.grace
    return Ask("DELETE", "", body)


def _marked(section: Section) -> Callable[[Wish], Ask]:
    def ask(wish: Wish) -> Ask:
        metadata = {section: keys.checked(section, wish.changes)}
        return Ask("PATCH", f"?fieldManager={MANAGER}", {"metadata": metadata}, MERGE)

    return ask


VERBS: Mapping[Name, Verb] = {
    "restart": Verb(title=msg("Restart"), done="restarted", symbol="refresh-cw", kinds=_TEMPLATED, ask=_restart),
    "scale": Verb(title=msg("Scale"), done="scaled", symbol="sliders-horizontal", kinds=_SCALED, ask=_scale),
    "rollback": Verb(title=msg("Roll back"), done="rolled back", symbol="undo-2", kinds=ROLLED, ask=None),
    "pause": Verb(
        title=msg("Pause rollout"),
        done="paused",
        symbol="pause",
        kinds=("deployments.apps",),
        ask=lambda _: _patched({"paused": True}),
    ),
    "resume": Verb(
        title=msg("Resume rollout"),
        done="resumed",
        symbol="play",
        kinds=("deployments.apps",),
        ask=lambda _: _patched({"paused": False}),
    ),
    "cordon": Verb(
        title=msg("Cordon"),
        done="cordoned",
        symbol="ban",
        kinds=("nodes",),
        ask=lambda _: _patched({"unschedulable": True}),
    ),
    "uncordon": Verb(
        title=msg("Uncordon"),
        done="uncordoned",
        symbol="circle-check",
        kinds=("nodes",),
        ask=lambda _: _patched({"unschedulable": None}),
    ),
    "trigger": Verb(title=msg("Run now"), done="triggered", symbol="play", kinds=("cronjobs.batch",), ask=None),
    "suspend": Verb(
        title=msg("Suspend"),
        done="suspended",
        symbol="pause",
        kinds=("cronjobs.batch", "jobs.batch"),
        ask=lambda _: _patched({"suspend": True}),
    ),
    "unsuspend": Verb(
        title=msg("Resume"),
        done="resumed",
        symbol="play",
        kinds=("cronjobs.batch", "jobs.batch"),
        ask=lambda _: _patched({"suspend": False}),
    ),
    "label": Verb(title=msg("Label"), done="labelled", symbol="tag", kinds=None, ask=_marked("labels")),
    "annotate": Verb(
        title=msg("Annotate"), done="annotated", symbol="file-text", kinds=None, ask=_marked("annotations")
    ),
    "delete": Verb(title=msg("Delete"), done="deleted", symbol="trash-2", kinds=None, ask=_delete, dangerous=True),
}


def fits(verb: Verb, resource: str) -> bool:
    """Whether a verb may be done to a kind, named by its resource with its group."""
    return verb.kinds is None or resource in verb.kinds


def check(wish: Wish, resource: str) -> None:
    """Raise Invalid when a wish cannot be for an object of this kind, as far as that is known before it is read."""
    verb = VERBS[wish.verb]
    if not fits(verb, resource):
        detail = f"{resource} cannot be {verb.done}."
        raise Invalid(detail, errors=(FieldError("/verb", detail),))
    if verb.ask:
        verb.ask(wish)
