"""A believable cluster from a seed: nodes, teams with their applications, and all that belongs to them.

Nothing of it is kept but names and recipes: an object's JSON is made when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from basefly.sim.seeds.apps import App, Made, job, replica_set, workload
from basefly.sim.seeds.around import Recipe, around
from basefly.sim.seeds.chance import Chance
from basefly.sim.seeds.names import APPLICATIONS, BATCH, STATEFUL, TEAMS, Cloud
from basefly.sim.seeds.pods import births, event, pod, ready, troubles
from basefly.sim.seeds.stencil import stencil
from basefly.sim.seeds.world import (
    World,
    cloud_of,
    default_account,
    lease,
    namespace,
    node,
    root_certificate,
    storage_class,
)
from basefly.sim.store.record import Record

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster

_DAEMONS = ("kube-proxy", "node-exporter")
_RUNS = 3


def plant(cluster: Cluster, *, nodes: int, pods: int, seed: int, cloud: Cloud | None = None) -> None:
    """Fill a cluster with `nodes` nodes and exactly `pods` pods, and with what they need and own."""
    key = f"{cluster.name}/{seed}"
    world = World(key, cloud or cloud_of(key), cluster.git_version, nodes)
    apps = list(_apps(world, pods)) if nodes else []
    planted: dict[str, list[Record]] = {}
    known: dict[Any, Any] = {}
    for recipe in (*_ground(cluster, world, apps), *_recipes(apps), *_events(apps, max(pods // 3, 60))):
        resource, record = _record(recipe, known)
        planted.setdefault(resource, []).append(record)
    for resource, records in planted.items():
        cluster.store.load(resource, records)


def _apps(world: World, pods: int) -> Iterator[App]:
    """Applications whose pods come to exactly so many; the cluster's own come first."""
    left = pods
    for name in _DAEMONS:
        if left >= world.nodes:
            left -= world.nodes
            yield App(world, name, "kube-system", "DaemonSet", world.nodes)
    if left >= 2:
        left -= 2
        yield App(world, "coredns", "kube-system", "Deployment", 2)
    teams = TEAMS[: max(1, min(len(TEAMS), pods // 20))]
    number = 0
    while left > 0:
        app = _app(world, teams[number % len(teams)], number // len(teams), left)
        left -= app.replicas
        number += 1
        yield app


def _app(world: World, team: str, turn: int, left: int) -> App:
    """One more application of a team: mostly a deployment, sometimes a store or a batch job."""
    names, chance = APPLICATIONS[team], Chance(world.key, team, turn)
    round_, place = divmod(turn, len(names) + 2)
    again = f"-{round_}" if round_ else ""
    if place < len(names):
        replicas = min(left, chance.pick((1, 2, 2, 3, 3, 5, 8, 12)))
        return App(world, names[place] + again, team, "Deployment", replicas)
    if place == len(names):
        return App(world, chance.pick(STATEFUL) + again, team, "StatefulSet", min(left, 3))
    return App(world, chance.pick(BATCH) + again, team, "CronJob", min(left, _RUNS))


def _ground(cluster: Cluster, world: World, apps: Iterable[App]) -> Iterator[Recipe]:
    """What the applications stand on."""
    for number in range(world.nodes):
        yield from ((node, (world, number)), (lease, (world, number)))
    if world.nodes:
        yield from ((storage_class, (world, *named)) for named in (("standard", "true"), ("fast", "false")))
    for team in sorted({app.team for app in apps}):
        if not cluster.store.get("namespaces", "", team):
            yield namespace, (world, team)
            yield default_account, (world, team)
            yield root_certificate, (world, team, cluster.authority.pem.decode())


def _recipes(apps: Iterable[App]) -> Iterator[Recipe]:
    for app in apps:
        count = ready(app)
        yield workload, (app, count)
        if app.form == "Deployment":
            yield from ((replica_set, (app, revision, count)) for revision in (1, 2))
        if app.form == "CronJob":
            yield from ((job, (app, run)) for run in range(app.replicas))
        yield from ((pod, (app, number)) for number in range(app.replicas))
        if app.form in ("Deployment", "StatefulSet"):
            yield from around(app)


def _events(apps: Iterable[App], most: int) -> Iterator[Recipe]:
    """At most `most` events; what goes wrong comes first."""
    pods = [(app, number) for app in apps for number in range(app.replicas)]
    told = [(*named, report) for named in pods for report in troubles(*named)]
    told += [(*named, report) for named in pods[: most // 3] for report in births(*named)]
    return ((event, given) for given in told[:most])


def _record(recipe: Recipe, known: dict[Any, Any]) -> tuple[str, Record]:
    """The resource and the record of an object, which is only looked at; `known` lets records share what is equal."""
    make, given = recipe
    shape, values = make(*given)
    told, labels = stencil(shape).identity(values), {}
    if told.labels:
        labels = known.setdefault(tuple(told.labels.items()), told.labels)
    owners = tuple(owner.uid for owner in told.owner_references or ())
    return stencil(shape).resource, Record(
        known.setdefault(told.namespace, told.namespace or ""),
        told.name,
        told.uid,
        version=0,
        labels=labels,
        owners=known.setdefault(owners, owners),
        made=partial(_body, make, given),
    )


def _body(make: Callable[..., Made], given: tuple[Any, ...], version: int) -> bytes:
    shape, values = make(*given)
    return stencil(shape).fill(version, values)
