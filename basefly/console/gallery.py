"""What the gallery shows: one of each part, in every state it has."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from math import sin
from pathlib import Path
from typing import Any
from uuid import UUID

from basefly.base import charts
from basefly.base.charts import Happening, Series
from basefly.base.errors import Invalid
from basefly.base.text.document import document
from basefly.base.web.language import formats
from basefly.console.overview import Tally
from basefly.core.sync.freshness import Missing

SAMPLE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "checkout", "namespace": "shop", "labels": {"app": "checkout"}},
    "data": {"currency": "EUR", "retries": "3", "greeting": "Good morning"},
}
LEVELS = (
    "INFO request served in 12 ms",
    "DEBUG cache hit for basket",
    "WARN slow answer of payments",
    "ERROR heap exhausted",
)
HERE = Path(__file__).parent / "templates"
HEADING = re.compile(r'<h2 id="g-([a-z-]+)">([^<]+)</h2>')
ORDER = ("words", "controls", "fields", "lists", "work", "charts", "islands")
HOURS = tuple(f"{hour:02}:00" for hour in range(24))
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def fixtures() -> dict[str, Any]:
    """The context of the gallery."""
    now = datetime.now(UTC)
    return {
        "contents": [part for name in ORDER for part in HEADING.findall((HERE / f"gallery/{name}.html").read_text())],
        "icons": re.findall(r'id="i-([a-z0-9-]+)"', (HERE / "icons.html").read_text()),
        "now": now,
        "mistake": Invalid(
            "The label selector 'app in (' cannot be read at character 8.", cure="Write it as kubectl does."
        ),
        "tally": Tally(resource="pods", total=1200, ok=1000, warn=60, bad=40, idle=100),
        "labels": {"app": "checkout", "app.kubernetes.io/part-of": "shop", "legacy": ""},
        "document": document(SAMPLE),
        "log_lines": _log(now),
        "figures": _figures(now),
        "command": "kubectl create namespace basefly\nkubectl apply -n basefly -f manifest.yaml",
        "pods": _pods(now),
        "charts": _charts(now),
        **states(),
    }


def states() -> dict[str, Any]:
    """The context of the page of states."""
    now = datetime.now(UTC)
    absent = Missing(UUID(int=1), "edge-fra-02", "The cluster refused the connection", now - timedelta(minutes=4))
    return {
        "ages": [now - timedelta(seconds=seconds) for seconds in (5, 300, 20_000, 600_000, 90_000_000)],
        "one_missing": [absent],
        "many_missing": [
            Missing(UUID(int=n), f"edge-{n:02}", "has not answered for a while", now) for n in range(1, 6)
        ],
        "facet_groups": [
            (
                "Namespace",
                [("payments", 412_000, "/gallery/states", False), ("search", 96_300, "/gallery/states", False)],
            ),
            ("Status", [("Running", 1_180_000, "/gallery/states", False), ("Failed", 2_104, "/gallery/states", False)]),
        ],
    }


def _pods(now: datetime) -> list[tuple[str, str, str, str, int, datetime]]:
    fares = (
        ("ok", "Running"),
        ("ok", "Running"),
        ("bad", "CrashLoopBackOff"),
        ("warn", "Pending"),
        ("idle", "Completed"),
    )
    return [
        (f"checkout-api-7cd46da98-{n}", "payments", health, word, n * n, now - timedelta(hours=7**n))
        for n, (health, word) in enumerate(fares)
    ]


def _charts(now: datetime) -> dict[str, Any]:
    wave = [round(40 + 18 * sin(hour / 3.6) + hour % 3, 1) for hour in range(24)]
    gap = [None if 9 <= hour < 12 else round(value * 0.55, 1) for hour, value in enumerate(wave)]
    teams = [
        Series(team, [round(v * share, 1) for v in wave]) for team, share in (("shop", 1), ("data", 0.7), ("web", 0.4))
    ]
    cost = [
        Series(name, [share * (9 + n % 4) for n in range(7)])
        for name, share in (("Compute", 10), ("Storage", 4), ("Network", 2))
    ]
    restarts = [
        Series(name, [(n * at) % 7 % 5 for n in range(12)]) for at, name in enumerate(("payments", "search", "web"), 1)
    ]
    return {
        "sparks": [
            ("Pods", "14,210", charts.sparkline(wave, HOURS)),
            ("Nodes", "48", charts.sparkline([48.0] * 24, HOURS)),
        ],
        "lines": charts.area([Series("used", wave), Series("requested", gap)], HOURS),
        "stacked": charts.area(teams, HOURS, say=lambda gib: formats.size(gib * 2**30), stacked=True),
        "bars": charts.bars(cost, DAYS, say=lambda amount: f"${charts.plain(amount)}"),
        "heat": charts.heat(restarts, HOURS[:12]),
        "timeline": _timeline(now),
        "nothing": charts.area([Series("used", [None] * 24)], HOURS),
        "meters": [
            ("CPU", charts.meter(31, 48, 40), "31 of 48 cores, 40 requested"),
            ("Memory", charts.meter(156, 192, 170), "156 of 192 GiB, 170 requested"),
            ("Pods", charts.meter(108, 110), "108 of 110"),
            ("Storage", charts.meter(0, 0), "not measured"),
        ],
    }


def _timeline(now: datetime) -> charts.Timeline:
    def ago(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    lanes = [
        (
            "checkout-api",
            [Happening(ago(50), "2.14.0 rolled out", "info", ago(32)), Happening(ago(22), "Out of memory", "bad")],
        ),
        ("search", [Happening(ago(41), "Scaled to 12", "ok"), Happening(ago(12), "Slow start", "warn")]),
        ("node-7", [Happening(ago(30), "Not ready", "warn", ago(18))]),
    ]
    columns = [f"{minutes} min" for minutes in (60, 45, 30, 15, 0)]
    return charts.timeline(lanes, begin=ago(60), end=now, columns=columns)


def _log(now: datetime) -> list[str]:
    """Enough lines that only a part of them is ever drawn."""
    return [
        f"{(now - timedelta(seconds=2000 - n)).isoformat()} {LEVELS[n * n % 7 % 4]} (line {n})" for n in range(2000)
    ]


def _figures(now: datetime) -> list[tuple[datetime, int, int | None]]:
    """Two series, one of which has a gap."""
    return [
        (now - timedelta(minutes=60 - n), 200 + n * n % 37, None if n in (20, 21) else 420 - n) for n in range(0, 60, 2)
    ]
