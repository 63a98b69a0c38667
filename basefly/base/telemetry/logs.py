"""What Basefly says about itself: one event a line, with the ids of its request, and never a secret."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from basefly.base.secret import Secret
from basefly.base.settings import Settings

_STARS = "***"
_SECRET_NAME = re.compile(
    r"(?i)(^|_|-)(password|passwd|secret|token|authorization|cookie|kubeconfig|credentials?|private_?key|api_?key)s?$"
)
_SECRET_TEXT = re.compile(
    r"basefly_[A-Za-z0-9_-]{20,}"  # our API tokens
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # JSON Web Tokens, service accounts' among them
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",  # user:password of an address
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def configure(settings: Settings) -> None:
    """Send our events and those of the libraries to standard error, as text on a terminal and as JSON elsewhere."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        discreet,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings.log_format)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # our own line says more


def of_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the event loop has to say that nobody has caught; its exception handler.

    That a connection was closed under something that wrote to it is no event: whoever uses it has an error of their
    own. When a fleet is silent for seconds there are thousands, and to write each out would stop everything for longer.
    """
    error = context.get("exception")
    if isinstance(error, RuntimeError) and "handler is closed" in str(error):
        logging.getLogger("asyncio").debug("a connection was closed under what was written to it")
    else:
        loop.default_exception_handler(context)


def discreet(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A processor that stars what must not be told and escapes what would break out of its line."""
    event.pop("color_message", None)  # uvicorn's message once more, with terminal codes in it
    return {name: _clean(name, value) for name, value in event.items()}


def masked(value: Any) -> Any:
    """A value of plain JSON as an event would have it: what is called a secret, or looks like one, is stars."""
    return _clean("", value)


def _clean(name: str, value: Any) -> Any:
    if name.startswith("_"):
        return value  # structlog's own
    if isinstance(value, Secret) or (value and _SECRET_NAME.search(name)):
        return _STARS
    if isinstance(value, str):
        return _CONTROL.sub(_escaped, _SECRET_TEXT.sub(_STARS, value))
    if isinstance(value, Mapping):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean("", inner) for inner in value]
    return value if value is None or isinstance(value, (int, float)) else _clean("", str(value))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _renderer(form: str) -> Processor:
    if form == "text" or (form == "auto" and sys.stderr.isatty()):
        return structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer()
