"""Pages: one template engine, found by slice, with the frame's own words in every context."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import minijinja
from litestar import Response
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

import basefly
from basefly.base.errors import NotFound
from basefly.base.telemetry import trace
from basefly.base.web.gate import form_token
from basefly.base.web.language import current, formats, t, tn, told, tp
from basefly.base.web.language.catalogue import script_texts
from basefly.base.web.preferences import preferences
from basefly.base.web.requests import Request
from basefly.base.web.static import asset, modules

HTML = "text/html; charset=utf-8"

_HOUSE = Path(basefly.__file__).parent
_HOMES = {"web": _HOUSE / "base/web/templates", "console": _HOUSE / "console/templates"}
_NAME = re.compile(r"([a-z]+)/([a-z][a-z0-9_-]*(?:/[a-z][a-z0-9_-]*)*\.html)")
_FRAGMENT = re.compile(r"[a-z][a-z0-9-]{0,40}")
_LAYOUTS = ("console/page.html", "console/plain.html")


def _link(address: str) -> Any:
    """An address of ours inside an attribute: escaped, but for the slashes, which need not be and are many."""
    return minijinja.safe(html.escape(address))


_FILTERS: dict[str, Callable[..., Any]] = {
    "link": _link,
    "age": formats.age,
    "bytes": formats.size,
    "day": formats.day,
    "moment": formats.moment,
    "number": formats.number,
    "when": formats.when,
}
_NOTHING = "\0no such block\0"


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> Response[str]:
    """The page, or only the block that the header X-Fragment names (`-` in it is `_` in the block's name).

    Every template sees: by, path, query, nonce, csrf, request_id, version, fragment, language, look (preferences),
    rail, and what the shell adds (nav, organization). Texts go through t, tn and tp; what an error says, through told.
    A part that is as it was is answered with 304.
    """
    fragment = request.headers.get("x-fragment", "")
    if fragment and not _FRAGMENT.fullmatch(fragment):
        raise NotFound("This page has no such part.")
    frame = _context(request, fragment)
    text = _environment(fragment).render_template(template, **frame, **context)
    if _NOTHING in text:
        raise NotFound(f"This page has no part {fragment}.")
    if not fragment or status != HTTP_200_OK:
        return Response(text, status_code=status, media_type=HTML)
    tag = _tag(text, frame["csrf"])
    if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
        return Response("", status_code=HTTP_304_NOT_MODIFIED, media_type=HTML, headers={"ETag": tag})
    return Response(text, media_type=HTML, headers={"ETag": tag})


def _tag(text: str, csrf: str) -> str:
    """What names this text for HTTP; the token of its forms, which looks different each time, is no part of it."""
    same = text.replace(csrf, "") if csrf else text
    return f'"{hashlib.sha256(same.encode()).hexdigest()[:24]}"'


def find(name: str) -> str | None:
    """The source of a template: `clusters/list.html` lies in core/clusters/templates, `console/…` in the console's."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        return None
    home = _HOMES.get(parts[1]) or _slice_home(parts[1])
    path = home / parts[2]
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _context(request: Request, fragment: str) -> dict[str, Any]:
    here = trace.current()
    return {
        "by": request.by,
        "path": request.url.path,
        "query": request.url.query,
        "nonce": request.scope["state"].get("nonce", ""),
        "csrf": form_token(request) if request.by else "",
        "request_id": here.request_id if here else "",
        "version": basefly.__version__,
        "fragment": fragment,
        "language": current().language,
        "script_texts": script_texts(current().language.tag),
        "look": preferences(request),
        "rail": request.cookies.get("nav") == "rail",
        **request.plugs.shell(request),
    }


@lru_cache(32)
def _environment(fragment: str) -> minijinja.Environment:
    """The engine. For a fragment, the layouts shrink to that one block, so that nothing else is rendered."""
    block = fragment.replace("-", "_")
    alone = f"{{% block {block} %}}{_NOTHING}{{% endblock %}}"

    def load(name: str) -> str | None:
        return alone if fragment and name in _LAYOUTS else find(name)

    return minijinja.Environment(
        loader=load,
        filters=_FILTERS,
        globals={"asset": asset, "modules": modules, "t": t, "tn": tn, "tp": tp, "told": told},
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _slice_home(name: str) -> Path:
    """A slice's templates: of the core, or of a feature."""
    core = _HOUSE / "core" / name
    return (core if core.is_dir() else _HOUSE / "features" / name) / "templates"
