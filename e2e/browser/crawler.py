"""Every link and every asset of the console, from the first page on."""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import httpx

ALIKE = 4  # addresses of one form that are followed: a page of a list is as good as the next
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESSES = {"a": "href", "link": "href", "script": "src", "img": "src", "use": "href", "form": "action"}
_POINTERS = ("popovertarget", "aria-controls", "aria-labelledby", "aria-describedby", "for")


class Page(HTMLParser):
    """What a page points to, and the ids that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: Counter[str] = Counter()
        self.pointers: set[tuple[str, str]] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note addresses and ids; a form that posts, or is about what was selected, is no link."""
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids[given["id"]] += 1
        self.pointers |= {(name, one) for name in _POINTERS for one in given.get(name, "").split()}
        acts = tag == "form" and (given.get("method", "get").lower() != "get" or "data-bulk" in given)
        if (address := given.get(_ADDRESSES.get(tag, ""))) and not acts:
            self.links.append(address)

    def faults(self) -> list[str]:
        """Ids that are there twice, and pointers to ids that are not there."""
        twice = [f"the id {one} is there {count} times" for one, count in self.ids.items() if count > 1]
        return twice + [f"{name}={one} points to nothing" for name, one in self.pointers if one not in self.ids]


class Crawler:
    """Follows every address of the hub itself from `start`; `faults` says what is broken, by page.

    Of clusters that are `silent`, by id or name, nothing can be asked: a page that says so (503) is none.
    """

    def __init__(self, browser: httpx.Client, silent: tuple[str, ...] = ()) -> None:
        self._browser = browser
        self._silent = silent
        self._alike: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._waiting: deque[tuple[str, str]] = deque()
        self.faults: dict[str, list[str]] = {}
        self.pages: dict[str, str] = {}

    def crawl(self, start: str = "/") -> None:
        """Until nothing is left to follow."""
        self._add(start, "the start")
        while self._waiting:
            self._visit(*self._waiting.popleft())

    def _add(self, address: str, found_at: str) -> None:
        path = urldefrag(urljoin(found_at if found_at.startswith("/") else "/", address)).url
        if urlsplit(path).netloc or path in self._seen or not path.startswith("/"):
            return
        form = _form(path)
        self._alike[form] += 1
        if self._alike[form] <= ALIKE:
            self._seen.add(path)
            self._waiting.append((path, found_at))

    def _visit(self, path: str, found_at: str) -> None:
        answer = self._patiently(path)
        if answer.status_code == 503 and any(f"/clusters/{each}/" in path for each in self._silent):
            self._read(path, Page(answer.text))
        elif answer.status_code != 200 or (answer.url.path == "/sign-in") != path.startswith("/sign-in"):
            self.faults.setdefault(found_at, []).append(f"{path} answers {answer.status_code}")
        elif answer.headers.get("content-type", "").startswith("text/html"):
            self._read(path, Page(answer.text))

    def _patiently(self, path: str) -> httpx.Response:
        """The answer, asked for again when the hub says to come back later: nobody reads as fast as a crawler."""
        while (answer := self._browser.get(path, follow_redirects=True)).status_code == 429:
            time.sleep(int(answer.headers["retry-after"]))
        return answer

    def _read(self, path: str, page: Page) -> None:
        self.pages[path] = _form(path)
        anchors = {link[1:] for link in page.links if link.startswith("#") and len(link) > 1}
        lost = [f"#{anchor} leads nowhere" for anchor in sorted(anchors - page.ids.keys())]
        if found := page.faults() + lost:
            self.faults.setdefault(path, []).extend(found)
        for link in page.links:
            if not link.startswith("#"):
                self._add(link, path)


def _form(path: str) -> str:
    """What many addresses have in common: ids, names of objects and values of a query do not count."""
    parts = urlsplit(path)
    bare = re.sub(r"(/objects/[^/]+)/.+", r"\1/*", _ID.sub("*", parts.path))
    return bare + "?" + "&".join(sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}))
