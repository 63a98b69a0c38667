"""What the asker accepts, and answers in that form: whole objects, tables, or metadata alone; JSON or YAML; gzip."""

from __future__ import annotations

import asyncio
import gzip
from enum import Enum
from typing import Any

import msgspec
from aiohttp import web

from basefly.sim.status import Refusal, not_acceptable

_GZIP_ABOVE = 128 * 1024
"""The real server compresses answers of more than 128 KiB, at level 1."""


class Form(Enum):
    WHOLE = ""
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"


class Accept(msgspec.Struct, frozen=True):
    form: Form = Form.WHOLE
    yaml: bool = False

    @property
    def content_type(self) -> str:
        return "application/yaml" if self.yaml else "application/json"


def accepted(header: str) -> Accept:
    """The first media type of an Accept header that can be served; 406 if there is none."""
    for choice in (header or "*/*").split(","):
        media, *parameters = (part.strip() for part in choice.split(";"))
        given = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media not in ("application/json", "application/yaml", "*/*", "application/*"):
            continue
        wanted = given.get("as", "").removesuffix("List") if given.get("as") != "List" else "List"
        if wanted and (given.get("g"), given.get("v")) != ("meta.k8s.io", "v1"):
            continue
        if wanted in ("", "Table", "PartialObjectMetadata"):
            return Accept(Form(wanted), media == "application/yaml")
    raise not_acceptable()


async def answer(
    request: web.BaseRequest, body: bytes, *, status: int = 200, accept: Accept | None = None
) -> web.Response:
    """Answer with JSON text, turned to what was accepted."""
    form = accept or Accept()
    headers = {"Cache-Control": "no-cache, private", "Content-Type": form.content_type}
    if form.yaml:
        body = await asyncio.to_thread(_yaml, body)
    if len(body) > _GZIP_ABOVE and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = await asyncio.to_thread(gzip.compress, body, 1)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return web.Response(body=body, status=status, headers=headers)


async def answer_value(request: web.BaseRequest, value: Any, *, status: int = 200) -> web.Response:
    return await answer(request, msgspec.json.encode(value), status=status)


async def answer_success(request: web.BaseRequest, *, code: int) -> web.Response:
    """The Status of what was done and has nothing else to tell."""
    told = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code}
    return await answer_value(request, told, status=code)


def refuse(refusal: Refusal) -> web.Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    return web.Response(body=refusal.encode(), status=refusal.code, headers=headers)


def _yaml(body: bytes) -> bytes:
    return msgspec.yaml.encode(msgspec.json.decode(body))
