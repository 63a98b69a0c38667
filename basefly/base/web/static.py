"""The console's scripts, styles and images: named by their content, so that browsers keep them for ever."""

from __future__ import annotations

import json
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path

import minijinja
from litestar import Response

import basefly
from basefly.base.errors import NotFound
from basefly.base.web.requests import Request
from basefly.base.web.routing import PUBLIC, get

_DIST = Path(basefly.__file__).parent / "console/static/dist"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_FOREVER = "public, max-age=31536000, immutable"


def modules() -> list[str]:
    """The addresses of the scripts that the module cannot begin without, so that they are fetched at once."""
    return [minijinja.safe(f"/static/{name}") for name in _first() if name != _manifest().get("app.js")]


def asset(name: str) -> str:
    """The address of an asset by its plain name: `app.js` → `/static/app-1a2b3c4d5e.js`."""
    return minijinja.safe(f"/static/{_manifest().get(name, name)}")


@get("/static/{name:str}", permission=PUBLIC, limit="none", include_in_schema=False)
async def static(name: str, request: Request) -> Response[bytes]:
    """A built file, compressed as far as the browser takes it."""
    files = _files()
    if name not in files:
        raise NotFound("There is no such file.", cure="If a page misses its styles, build them: make assets.")
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    accepted = request.headers.get("accept-encoding", "")
    for encoding, suffix in _ENCODINGS:
        if encoding in accepted and name + suffix in files:
            headers["Content-Encoding"] = encoding
            return _file(files[name + suffix], name, headers)
    return _file(files[name], name, headers)


@get("/sw.js", permission=PUBLIC, limit="none", include_in_schema=False)
async def worker() -> Response[bytes]:
    """The service worker. It lies at the root, for it sees no further than its own folder."""
    content = _files().get(_manifest().get("sw.js", ""))
    if content is None:
        raise NotFound("There is no such file.", cure="Build the scripts: make assets.")
    return _file(content, "sw.js", {"Cache-Control": "no-cache"})


def _file(content: bytes, name: str, headers: dict[str, str]) -> Response[bytes]:
    kind = guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind.endswith("javascript"):
        kind += "; charset=utf-8"
    return Response(content, media_type=kind, headers=headers)


@lru_cache(1)
def _manifest() -> dict[str, str]:
    path = _DIST / "manifest.json"
    names: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    return names


@lru_cache(1)
def _first() -> list[str]:
    path = _DIST / "first.json"
    names: list[str] = json.loads(path.read_text()) if path.is_file() else []
    return names


@lru_cache(1)
def _files() -> dict[str, bytes]:
    """Every built file, some hundred kilobytes; only names in here are served, so no path leads out of the folder."""
    return {path.name: path.read_bytes() for path in sorted(_DIST.iterdir())} if _DIST.is_dir() else {}
