"""`ingest`: what it costs to bring 10,000 pods of real size into rows, beside what others pay to hold them in memory.

All read the same API server over TLS. Ours ends when every row is committed in PostgreSQL; the rivals end when
they hold all objects. The figures are the clients' own CPU and memory, not those of the API server or PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from basefly.base.db import migrate
from basefly.base.db.embedded import Embedded
from basefly.base.settings import Settings
from bench import cluster, measure
from bench.cluster import Subject
from bench.report import Bar, Figures, Report, Run

PODS = 10_000
QUICK_PODS = 500
INFORMER = Path(__file__).parent / "rivals/informer"
OURS, OFFICIAL = "Basefly, into PostgreSQL", "official Python client"
PROTOBUF, JSON = "client-go informer, protobuf", "client-go informer, JSON"
ORG, CLUSTER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


def run(options: Run) -> Report:
    """Create the pods, run all contenders in turn, compare."""
    count = QUICK_PODS if options.quick else PODS
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name:
        folder = Path(name)
        informer = build_informer()
        postgres = Embedded.start(Settings(data_dir=folder / "hub"))
        try:
            asyncio.run(migrate.up(postgres.owner_url))
            with cluster.with_pods(folder, count) as subject:
                commands = contenders(subject, postgres, informer)
                figures = measure.interleaved(commands, rounds=options.rounds, before=lambda: empty(postgres))
        finally:
            postgres.stop()
    notes = [f"{subject.described}; medians of {options.rounds} interleaved runs"]
    if not informer:
        notes.append("Go is not at hand: the client-go informer did not run, and its bars were not checked")
    return Report.of("ingest", figures, bars(figures), notes)


def contenders(subject: Subject, postgres: Embedded, informer: Path | None) -> Mapping[str, Sequence[str]]:
    """Ours first. The simulator speaks no protobuf."""
    python = [sys.executable, "-m"]
    kubeconfig = subject.kubeconfig
    encodings = {PROTOBUF: "protobuf", JSON: "json"} if subject.real else {JSON: "json"}
    commands = {OURS: [*python, "bench.ours", str(kubeconfig), postgres.app_url, ORG, CLUSTER]}
    if informer:
        for name, encoding in encodings.items():
            commands[name] = [str(informer), "-kubeconfig", str(kubeconfig), "-encoding", encoding]
    commands[OFFICIAL] = [*python, "bench.rivals.official", str(kubeconfig)]
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
