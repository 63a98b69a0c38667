"""`python -m e2e.browser.pictures FOLDER`: every page in both themes, wide and on a phone, to look at side by side."""

from __future__ import annotations

import html
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser

from e2e.browser.fleet import fleet
from e2e.browser.pages import visits
from e2e.browser.visitor import THEMES, Theme, Visitor, chromium
from e2e.hub import Hub

PHONE, WIDE = 390, 1440
_STYLE = "body{font:14px system-ui;margin:2em}img{border:1px solid #999;max-height:30em}td{vertical-align:top}"


def main(folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="basefly-pictures-") as home, fleet(Path(home)) as hub, chromium() as seen:
        paths = [path for path, _ in visits(hub)]
        views = [(width, theme) for width in (WIDE, PHONE) for theme in THEMES]
        for width, theme in views:
            _take(seen, hub, paths, folder, width, theme)
    (folder / "index.html").write_text(_index(paths, views))
    sys.stdout.write(f"{len(paths) * len(views)} pictures: {folder / 'index.html'}\n")


def _take(browser: Browser, hub: Hub, paths: Sequence[str], folder: Path, width: int, theme: Theme) -> None:
    with Visitor(browser, hub, width=width, theme=theme) as someone:
        someone.page.goto("/sign-in")
        someone.page.screenshot(path=folder / _name("/sign-in", width, theme))
        someone.sign_in()
        for path in paths:
            if path != "/sign-in":
                someone.page.goto(path)
                someone.page.screenshot(path=folder / _name(path, width, theme), full_page=True)


def _name(path: str, width: int, theme: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview"
    return f"{name[-80:]}-{width}-{theme}.png"


def _index(paths: Sequence[str], views: Sequence[tuple[int, str]]) -> str:
    rows = []
    for path in paths:
        names = [_name(path, width, theme) for width, theme in views]
        cells = "".join(f'<td><a href="{name}"><img src="{name}" alt="" loading="lazy"></a></td>' for name in names)
        rows.append(f"<tr><td colspan={len(views)}><h2>{html.escape(path)}</h2></td></tr><tr>{cells}</tr>")
    head = f"<!doctype html><meta charset=utf-8><title>Every page</title><style>{_STYLE}</style>"
    return f"{head}<h1>Every page</h1><table>{''.join(rows)}</table>\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
