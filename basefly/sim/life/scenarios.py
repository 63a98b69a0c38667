"""Stories that befall a cluster. Each does one thing after another and yields the simulated seconds in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from basefly.sim.life import nodes
from basefly.sim.life.jobs import CRON_JOBS, JOBS
from basefly.sim.life.pods import view
from basefly.sim.life.replicas import DEPLOYMENTS, SETS, restarted
from basefly.sim.life.work import Object, owner_reference
from basefly.sim.store.record import Record

if TYPE_CHECKING:
    from basefly.sim.life.life import Life

Story = Generator[float, None, None]
_HOURS_PER_CHANGE = 6
_MINUTE = 60.0
_ZONE = "topology.kubernetes.io/zone"


def steady(life: Life) -> Story:
    """An ordinary day: about one change for each pod in six hours, by ones and by threes."""
    while True:
        pods = max(len(life.work.store.of("pods").records), 1)
        per_change = _HOURS_PER_CHANGE * 3600 / pods
        changes = life.work.chance.choices((_crash, _scale, _run_job, _roll), (5, 3, 1, 1))[0](life)
        yield life.work.chance.expovariate(1 / (per_change * max(changes, 1)))


def _crash(life: Life) -> int:
    pods = [pod for pod in _pods_of(life, _any(life, SETS)) if view(pod).ready]
    if pods:
        life.work.kubelet.crash(life.work.chance.choice(pods).key)
    return 1


def _scale(life: Life) -> int:
    """One replica more for a while, as an autoscaler would."""
    if held := _any(life, DEPLOYMENTS):
        _scale_by(life, held.key, 1)
        life.work.after(life.work.chance.uniform(10, 60) * _MINUTE, _scale_by, life, held.key, -1)
    return 2


def _scale_by(life: Life, key: str, number: int) -> None:
    def change(deployment: Object) -> None:
        deployment["spec"]["replicas"] = max(deployment["spec"]["replicas"] + number, 0)

    _change(life, key, change)


def _run_job(life: Life) -> int:
    """A cron job is run once more by hand."""
    held = _any(life, CRON_JOBS)
    cron = life.work.get(CRON_JOBS, held.key) if held else None
    if cron:
        name = f"{cron['metadata']['name']}-manual-{life.work.objects.new_uid()[:5]}"
        made = {"name": name, "ownerReferences": [owner_reference("CronJob", cron)]}
        job = {"metadata": made, "spec": cron["spec"]["jobTemplate"]["spec"]}
        kind = life.work.objects.catalog.named(JOBS)
        life.work.objects.create(kind, job, namespace=cron["metadata"]["namespace"])
    return 1


def _roll(life: Life) -> int:
    held = _any(life, DEPLOYMENTS)
    deployment = life.work.get(DEPLOYMENTS, held.key) if held else None
    if held is None or deployment is None:
        return 1
    _change(life, held.key, lambda found: restarted(found["spec"]["template"]))
    return int(deployment["spec"]["replicas"])


def deploy_wave(life: Life) -> Story:
    """Everything is rolled out anew, one deployment after the other."""
    for record in life.work.store.of(DEPLOYMENTS).page():
        _change(life, record.key, lambda found: restarted(found["spec"]["template"]))
        yield life.work.chance.uniform(5, 20)
    yield 5 * _MINUTE


def crash_loop(life: Life) -> Story:
    """A bad version is rolled out, comes never up, and is undone after a quarter of an hour."""
    held = _any(life, DEPLOYMENTS)
    if held is None:
        return
    good = held.load()["spec"]["template"]["spec"]["containers"][0]["image"]
    bad = f"{good.partition(':')[0]}:9.{life.work.chance.randint(0, 99)}.0"
    life.work.kubelet.crashing.add(bad)
    _change(life, held.key, lambda found: found["spec"]["template"]["spec"]["containers"][0].update(image=bad))
    try:
        yield 15 * _MINUTE
    finally:
        _change(life, held.key, lambda found: found["spec"]["template"]["spec"]["containers"][0].update(image=good))
    yield 2 * _MINUTE


def node_loss(life: Life) -> Story:
    """A machine dies; its pods move after five minutes, and the cloud replaces it after ten."""
    name = _busy_node(life)
    if not name:
        return
    nodes.lose(life.work, name)
    try:
        yield 10 * _MINUTE
    finally:
        if like := life.work.get("nodes", f"/{name}"):
            life.work.delete("nodes", f"/{name}")
            nodes.join(life.work, like)
    yield 2 * _MINUTE


def zone_loss(life: Life) -> Story:
    """All nodes of a zone fall silent for twenty minutes, and come back."""
    book = life.work.scheduler.nodes
    zones = sorted({node.labels.get(_ZONE, "") for node in book.values()})
    if not zones:
        return
    zone = life.work.chance.choice(zones)
    lost = [name for name, node in book.items() if node.labels.get(_ZONE, "") == zone and node.ready]
    for name in lost:
        nodes.lose(life.work, name)
    try:
        yield 20 * _MINUTE
    finally:
        for name in lost:
            nodes.find(life.work, name)
    yield 2 * _MINUTE


def full_volume(life: Life) -> Story:
    """The disk of a node fills up: pods are evicted one after the other until it is cleared."""
    name = _busy_node(life)
    nodes.press(life.work, name, full=True)
    try:
        for pod in nodes.pods_on(life.work, name)[:5]:
            yield life.work.chance.uniform(10, 40)
            nodes.evict(life.work, f"{pod['metadata']['namespace']}/{pod['metadata']['name']}")
        yield 5 * _MINUTE
    finally:
        nodes.press(life.work, name, full=False)
    yield 2 * _MINUTE


def noisy_neighbour(life: Life) -> Story:
    """A pod takes all its node has and is killed for it, three times; its neighbours get half of what they want."""
    name = _busy_node(life)
    pods = [pod for pod in nodes.pods_on(life.work, name) if pod["status"].get("phase") == "Running"]
    if not pods:
        return
    noisy = life.work.chance.choice(pods)["metadata"]
    life.load |= {pod["metadata"]["uid"]: 0.5 for pod in pods} | {noisy["uid"]: 20.0}
    try:
        for _ in range(3):
            yield 4 * _MINUTE
            life.work.kubelet.crash(f"{noisy['namespace']}/{noisy['name']}", "OOMKilled", 137)
    finally:
        for pod in pods:
            life.load.pop(pod["metadata"]["uid"], None)
    yield _MINUTE


def churn(life: Life) -> Story:
    """For soak tests: pods are removed and made anew so fast that `life.rate` writes a second happen (real time)."""
    store, began, replaced = life.work.store, time.monotonic(), 0
    first = store.version
    sets = [record for record in store.of(SETS).page() if _pods_of(life, record)]
    while sets:
        each = max((store.version - first) / replaced, 2) if replaced > 50 else 12.0
        owed = (time.monotonic() - began) * life.rate / each - replaced if life.rate else 60.0
        for _ in range(min(int(owed), 500)):
            if pods := _pods_of(life, life.work.chance.choice(sets)):
                life.work.delete("pods", life.work.chance.choice(pods).key, grace=0)
            replaced += 1
        yield 0.02 * life.work.cluster.clock.pace


def _any(life: Life, resource: str) -> Record | None:
    records = life.work.store.of(resource).page()
    return life.work.chance.choice(records) if records else None


def _pods_of(life: Life, held: Record | None) -> list[Record]:
    return life.work.owned(held.uid, "pods") if held else []


def _busy_node(life: Life) -> str:
    """A ready node with many pods."""
    ready = [(len(node.pods), name) for name, node in life.work.scheduler.nodes.items() if node.ready]
    return max(ready)[1] if ready else ""


def _change(life: Life, key: str, by: Callable[[Object], object]) -> None:
    """Change the spec of a deployment as a person would."""
    if deployment := life.work.get(DEPLOYMENTS, key):
        by(deployment)
        deployment["metadata"]["generation"] = deployment["metadata"].get("generation", 1) + 1
        life.work.put(DEPLOYMENTS, deployment)


SCENARIOS: dict[str, Callable[[Life], Story]] = {
    "steady": steady,
    "deploy-wave": deploy_wave,
    "crash-loop": crash_loop,
    "node-loss": node_loss,
    "zone-loss": zone_loss,
    "full-volume": full_volume,
    "noisy-neighbour": noisy_neighbour,
    "churn": churn,
}
