"""`python -m e2e.browser.lighthouse [--exact] [--json FILE]`: every page, or with --exact the few that CI looks at.

Accessibility, best practices and SEO are exact and gated at 100. Performance swings with the load of the machine: the
best of three runs must reach 95, and with --exact it is only told.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

import hatch_build
from e2e.browser.fleet import fleet
from e2e.browser.pages import visits
from e2e.browser.visitor import binary, flags

HERE = Path(__file__).parent
ENOUGH = 95  # performance
EXACT = ("accessibility", "best-practices", "seo")
FEW = ("/sign-in", "/", "/clusters", "/pods", "/connect", "/settings", "/gallery")


class Page(msgspec.Struct):
    """The best run of a page: scores of 100, milliseconds, bytes."""

    path: str
    scores: dict[str, int]
    lcp: float
    cls: float
    tbt: float
    bytes: float
    benchmark: int
    causes: list[str]
    warnings: list[str]

    def faults(self, *, exact: bool) -> list[str]:
        """What falls short."""
        low = [name for name in EXACT if self.scores[name] < 100]
        if not exact and self.scores["performance"] < ENOUGH:
            low.append("performance")
        return [f"{self.path} {name}: {self.scores[name]}" for name in low]


def main() -> int:
    """0 when every page holds what it must."""
    parser = argparse.ArgumentParser(prog="python -m e2e.browser.lighthouse", description=__doc__)
    parser.add_argument("--exact", action="store_true", help="a few pages, once; performance is told, not gated")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--url", help="a page or hub that runs already, with --path and --cookie, instead of our own")
    parser.add_argument("--cookie", default="", help="name=value of a session there")
    parser.add_argument("--path", action="append", default=[], help="a page (default: all that there are)")
    parser.add_argument("--tries", type=int, default=3, help="runs of a page that is not fast enough (default: 3)")
    given = parser.parse_args()
    hatch_build.install(HERE)
    with _subject(given) as (base, cookie, paths):
        found = list(_audited(base, cookie, paths, tries=1 if given.exact else given.tries))
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2))
    _print(found)
    faults = [fault for page in found for fault in page.faults(exact=given.exact)]
    sys.stdout.writelines(f"FAILED {fault}\n" for fault in faults)
    return 1 if faults else 0


@contextmanager
def _subject(given: argparse.Namespace) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Where the pages are, the cookie that opens them, and their paths."""
    if given.url:
        yield given.url.rstrip("/"), given.cookie, given.path or ["/"]
        return
    with tempfile.TemporaryDirectory(prefix="basefly-lighthouse-") as home, fleet(Path(home)) as hub:
        with hub.session() as browser:
            cookie = _cookie(browser)
        known = [path for path, refused in visits(hub) if not refused]
        yield hub.url, cookie, given.path or (FEW if given.exact else known)


def _cookie(browser: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def _audited(base: str, cookie: str, paths: Sequence[str], *, tries: int) -> Iterator[Page]:
    """The pages, as soon as each is done. What is public is looked at as a stranger sees it."""
    for public in (True, False):
        pages = [path for path in paths if (path == "/sign-in") == public]
        seen = {"base": base, "cookie": "" if public else cookie, "pages": pages}
        asked = seen | {"chrome": binary(), "flags": flags(), "tries": tries, "enough": ENOUGH}
        command = [str(hatch_build.executable()), "audit.mjs"]
        with subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
            assert node.stdin
            assert node.stdout
            node.stdin.write(json.dumps(asked))
            node.stdin.close()
            for line in node.stdout:
                yield msgspec.json.decode(line, type=Page)
        if node.returncode:
            raise SystemExit("Lighthouse ended before its time; what it said is above.")


def _print(found: Sequence[Page]) -> None:
    table = Table("page", "perf", "a11y", "best", "seo", "paint ms", "blocked ms", "shift", "KB", "machine")
    for page in found:
        scores = (str(page.scores[name]) for name in ("performance", *EXACT))
        figures = (f"{page.lcp:.0f}", f"{page.tbt:.0f}", f"{page.cls:.3f}", f"{page.bytes / 1024:.0f}")
        table.add_row(page.path[:60], *scores, *figures, str(page.benchmark))
    console = Console(width=140)
    console.print(table)
    for page in found:
        for cause in page.causes:
            console.print(f"{page.path[:60]}  {cause}", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
