"""What the asker accepts, and answers in that form: whole objects, tables, or metadata alone; JSON or YAML; gzip."""

from __future__ import annotations

import asyncio
import gzip
import re
from enum import Enum
from typing import Any

import msgspec
from aiohttp import web

from basefly.sim.status import Refusal, not_acceptable

_MEDIA = ("application/json", "application/yaml", "*/*")
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


def accepted(header: str, *, many: bool = False) -> Accept:
    """The most wanted media type of an Accept header that can be served; 406 if there is none."""
    known = False
    for choice in sorted((header or "*/*").split(","), key=_weight, reverse=True):
        media, *parameters = (part.strip() for part in choice.split(";"))
        given = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media not in _MEDIA:
            continue
        known = True
        wanted = given.get("as", "")
        if wanted and (given.get("g") != "meta.k8s.io" or given.get("v") not in ("v1", "v1beta1")):
            continue
        if wanted in ("", "Table", "PartialObjectMetadataList") or (wanted == "PartialObjectMetadata" and not many):
            return Accept(Form(wanted.removesuffix("List")), media == "application/yaml")
    raise not_acceptable(known=known, many=many)


def _weight(choice: str) -> float:
    """The q of a choice, 1 where it has none."""
    found = re.search(r";\s*q=([0-9.]+)", choice)
    return float(found[1]) if found else 1.0


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


def refuse(refusal: Refusal, accept: str = "") -> web.Response:
    is_yaml = accept.startswith("application/yaml") or ",application/yaml" in accept.replace(" ", "")
    headers = {
        "Content-Type": "application/yaml" if is_yaml else "application/json",
        "Cache-Control": "no-cache, private",
    }
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    body = _yaml(refusal.encode()) if is_yaml else refusal.encode()
    return web.Response(body=body, status=refusal.code, headers=headers)


def _yaml(body: bytes) -> bytes:
    return msgspec.yaml.encode(msgspec.json.decode(body))
