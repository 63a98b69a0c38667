"""What stands around an application: service, endpoint slice, ingress, configuration, secrets, budgets, volumes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from basefly.sim.seeds.apps import App, Made, common
from basefly.sim.seeds.pods import address, fate, node_of, pod_name, ready

Recipe = tuple[Callable[..., Made], tuple[Any, ...]]
"""A function and its arguments: whoever calls it again makes the same object."""


def around(app: App) -> Iterator[Recipe]:
    """What a deployment or a stateful set usually comes with."""
    chance = app.chance("around")
    for make in (_configmap, _secret, _serviceaccount, _service, _endpointslice):
        yield make, (app,)
    if app.form == "StatefulSet":
        for number in range(app.replicas):
            yield from ((_claim, (app, number)), (_volume, (app, number)))
    elif chance.happens(0.5):
        yield _ingress, (app,)
    if app.form == "Deployment" and chance.happens(0.6):
        yield _autoscaler, (app,)
    if chance.happens(0.7):
        yield _budget, (app,)


def _made(app: App, shape: str, name: str = "", **values: Any) -> Made:
    return shape, common(app) | {"name": name or app.name, "uid": app.uid(shape)} | values


def _configmap(app: App) -> Made:
    lines = [f"{app.name}.option.{n}={app.chance('option', n).suffix(12)}\n" for n in range(12)]
    return _made(app, "configmap", f"{app.name}-config", lines="".join(lines))


def _secret(app: App) -> Made:
    words = (app.chance("secret", key).suffix(24) for key in ("username", "password"))
    username, password = (base64.b64encode(word.encode()).decode() for word in words)
    return _made(app, "secret", f"{app.name}-credentials", username=username, password=password)


def _serviceaccount(app: App) -> Made:
    return _made(app, "serviceaccount")


def _service(app: App) -> Made:
    chance = app.chance("service")
    held = f"10.96.{chance.between(1, 254)}.{chance.below(256)}"
    return _made(app, "service", address="None" if app.form == "StatefulSet" else held)


def _endpointslice(app: App) -> Made:
    name = f"{app.name}-{app.chance('slice').suffix()}"
    found = [_endpoint(app, number) for number in range(app.replicas) if fate(app, number).placed]
    return _made(app, "endpointslice", name, owner_uid=app.uid("service"), endpoints=found)


def _endpoint(app: App, number: int) -> dict[str, Any]:
    well = fate(app, number).ready
    about = {"kind": "Pod", "namespace": app.team, "name": pod_name(app, number), "uid": app.uid("Pod", number)}
    return {
        "addresses": [address(app, number)],
        "conditions": {"ready": well, "serving": well, "terminating": False},
        "nodeName": app.world.node_name(node_of(app, number)),
        "targetRef": about,
    }


def _ingress(app: App) -> Made:
    return _made(app, "ingress", point=f"203.0.113.{app.chance('ingress').between(1, 254)}")


def _autoscaler(app: App) -> Made:
    replicas, used = app.replicas, app.chance("used").between(15, 95)
    return _made(app, "autoscaler", replicas=replicas, used=used, least=max(replicas // 2, 1), most=replicas * 3 + 1)


def _budget(app: App) -> Made:
    healthy, wanted = ready(app), max(app.replicas - 1, 0)
    allowed = max(healthy - wanted, 0)
    return _made(app, "budget", replicas=app.replicas, healthy=healthy, wanted=wanted, allowed=allowed)


def _claim(app: App, number: int) -> Made:
    held = {"uid": app.uid("claim", number), "volume": _volume_name(app, number), "storage": _storage(app)}
    return _made(app, "claim", f"data-{pod_name(app, number)}", **held)


def _volume(app: App, number: int) -> Made:
    held = {"uid": app.uid("volume", number), "handle": app.uid("handle", number), "storage": _storage(app)}
    claim = {"claim": f"data-{pod_name(app, number)}", "claim_uid": app.uid("claim", number)}
    return _made(app, "volume", _volume_name(app, number), **held, **claim)


def _storage(app: App) -> str:
    return app.chance("storage").pick(("10Gi", "50Gi", "200Gi"))


def _volume_name(app: App, number: int) -> str:
    return f"pvc-{app.uid('claim', number)}"
