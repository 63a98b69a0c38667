"""`ingest`: what it costs to bring 10,000 pods of real size into rows, beside what others pay to hold them in memory.

All read the same API server over TLS. Ours ends when every row is committed in PostgreSQL; the rivals end when
they hold all objects. The figures are the clients' own CPU and memory, not those of the API server or PostgreSQL.
After that a whole simulated fleet of the size that was asked for is read, end to end (bench/ingest/whole.py).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import psycopg

from basefly.base.db import migrate
from basefly.base.db.embedded import Embedded
from basefly.base.settings import Settings
from bench import cluster, measure
from bench.cluster import Subject
from bench.ingest import stages, whole
from bench.report import Bar, Figures, Findings, Report, Run

PODS = 10_000
QUICK_PODS = 500
CHANGES = 1_000
QUICK_CHANGES = 50
INFORMER = Path(__file__).parent.parent / "rivals/informer"
OURS, OFFICIAL = "Basefly, into PostgreSQL", "official Python client"
PROTOBUF, JSON = "client-go informer, protobuf", "client-go informer, JSON"
ASYNCIO, KR8S = "kubernetes-asyncio", "kr8s"
KUBECTL = {"kubectl get pods -A -o json": "json", "kubectl get pods -A -o wide": "wide"}
ORG, CLUSTER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


def run(options: Run) -> Ingested:
    """Create the pods, run all contenders in turn, compare."""
    count, changes = (QUICK_PODS, QUICK_CHANGES) if options.quick else (PODS, CHANGES)
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name:
        folder = Path(name)
        informer = build_informer()
        postgres = Embedded.start(Settings(data_dir=folder / "hub"))
        try:
            asyncio.run(migrate.up(postgres.owner_url))
            with cluster.with_pods(folder, count) as subject:
                commands = contenders(subject, postgres, informer, changes if subject.change else 0)
                listed, *watched = measure.interleaved(
                    commands,
                    rounds=options.rounds,
                    before=lambda: empty(postgres),
                    during=changing(subject, changes),
                )
                empty(postgres)
                passed = profile(subject, postgres) if options.profile else None
        finally:
            postgres.stop()
    fleet = whole.run(options)
    notes = [f"{subject.described}; medians of {options.rounds} interleaved runs"]
    if not informer:
        notes.append("Go is not at hand: the client-go informer did not run, and its bars were not checked")
    told = Report.of("ingest: changes told by a watch", watched[0], []) if watched else None
    kept = bars(listed)
    holds = all(one.holds for one in kept)
    return Ingested("ingest", listed, kept, holds, notes, watches=told, stages=passed, fleet=fleet)


def profile(subject: Subject, postgres: Embedded) -> Report:
    """Where each microsecond of a pod goes; of a list of 10,000, a hundredth of a second of CPU is one a pod."""
    figures, notes = stages.measure(subject.kubeconfig, postgres.superuser_url(), UUID(ORG), UUID(CLUSTER))
    return Report.of("ingest: the stages of a pod", figures, [], notes, rivals=False)


class Ingested(Report, frozen=True, kw_only=True):
    """The lists, whose bars count, what watches told after them, a whole fleet, and the stages if asked for."""

    watches: Report | None
    stages: Report | None
    fleet: Findings

    def table(self) -> str:
        """For people."""
        return "\n".join([super().table(), *(one.table() for one in (self.watches, self.stages, self.fleet) if one)])


def changing(subject: Subject, changes: int) -> Callable[[], None] | None:
    """Changes as many pods each time, to something that they never were."""
    restarts, change = itertools.count(100), subject.change
    return (lambda: change(changes, next(restarts))) if change else None


def contenders(
    subject: Subject, postgres: Embedded, informer: Path | None, changes: int
) -> Mapping[str, Sequence[str]]:
    """Ours first. The simulator speaks no protobuf."""
    python = [sys.executable, "-m"]
    kubeconfig, wanted = str(subject.kubeconfig), str(changes)
    encodings = {PROTOBUF: "protobuf", JSON: "json"} if subject.real else {JSON: "json"}
    commands = {OURS: [*python, "bench.ingest.ours", kubeconfig, postgres.app_url, ORG, CLUSTER, wanted]}
    if informer:
        for name, encoding in encodings.items():
            options = ["-kubeconfig", kubeconfig, "-encoding", encoding, "-changes", wanted]
            commands[name] = [str(informer), *options]
    commands[OFFICIAL] = [*python, "bench.rivals.official", kubeconfig, wanted]
    commands[ASYNCIO] = [*python, "bench.rivals.asyncio_client", kubeconfig, wanted]
    commands[KR8S] = [*python, "bench.rivals.kr8s_client", kubeconfig, wanted]
    if shutil.which("kubectl"):
        commands |= {name: [*python, "bench.rivals.kubectl", kubeconfig, form] for name, form in KUBECTL.items()}
    return commands


def bars(figures: Sequence[Figures]) -> list[Bar]:
    """The promises, for the rivals that ran."""
    by_name = {one.name: one for one in figures}
    ours = by_name[OURS]
    promises = [(PROTOBUF, "cpu", 0.6), (PROTOBUF, "peak", 0.25), (OFFICIAL, "cpu", 0.1)]
    return [
        Bar.of(f"{what}, against {rival}", measured=getattr(ours, what) / getattr(by_name[rival], what), at_most=most)
        for rival, what, most in promises
        if rival in by_name
    ]


def build_informer() -> Path | None:
    """Build client-go's side once into the user's cache; None where there is no Go."""
    go = shutil.which("go")
    if go is None:
        return None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "basefly/bench"
    cache.mkdir(parents=True, exist_ok=True)
    binary = cache / "informer"
    command = [go, "build", "-trimpath", "-o", str(binary), "."]
    subprocess.run(command, cwd=INFORMER, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return binary


def empty(postgres: Embedded) -> None:
    """An inventory without rows, for one cluster of one organization; the data files are settled before each run."""
    with psycopg.connect(postgres.superuser_url(), autocommit=True) as connection:
        connection.execute("truncate objects, sync_streams, rollups, leases")
        connection.execute("insert into organizations (id, name) values (%s, 'bench') on conflict do nothing", [ORG])
        connection.execute(
            "insert into clusters (org_id, id, name) values (%s, %s, 'bench') on conflict do nothing", [ORG, CLUSTER]
        )
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
