"""From a request line to the act that it asks for. Whatever an API server might read otherwise is refused. Pure.

The rules are those of k8s.io/apiserver/pkg/endpoints/request/requestinfo.go, less what is deprecated there.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from basefly.base.errors import BaseflyError
from basefly.core.gateway.model import Act

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
# What a path may be made of (RFC 3986, section 3.3), without parameters (";") and encoded slashes, dots and zeros.
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*)+")
_HIDDEN = re.compile(r"%(?:2f|5c|00|2e|25|0a|0d|3b)", re.IGNORECASE)
# A server skips what is wrongly encoded, and parameters with semicolons.
_QUERY = re.compile(r"(?:[\x21-\x24\x26-\x3a\x3c-\x7e]|%[0-9A-Fa-f]{2})*")
_DOCUMENTS = re.compile(
    r"/(?:version|api|api/v1|apis|apis/[^/]+|apis/[^/]+/[^/]+|openapi/v2|openapi/v3(?:/.+)?|healthz|livez|readyz)/?"
)
_OF_NAMESPACES = frozenset({"status", "finalize"})  # subresources of a namespace itself
_STREAMS = frozenset({"exec", "attach", "portforward"})
_LONGEST = 8192  # characters
_NO = frozenset({"false", "0"})  # whatever else is said means yes, nothing at all too


class Unclear(BaseflyError):
    """Nobody could be sure what the cluster would make of it."""

    code, status, title = "unclear_path", 403, "The gateway does not pass this on"


def parse(method: str, target: str) -> Act:
    """The act of a request line's method and target, which is a path within one cluster with its query.

    Raises Unclear for what is no plain path of the Kubernetes API.
    """
    path, _, query = target.partition("?")
    if len(target) > _LONGEST or not _PATH.fullmatch(path) or _HIDDEN.search(path) or not _QUERY.fullmatch(query):
        raise _unclear("its path or query is not written plainly")
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if any(part in ("", ".", "..") for part in parts):
        raise _unclear("a part of its path is empty or made of dots")
    if method not in _VERBS:
        raise _unclear(f"{method} is no method of the Kubernetes API")
    if _DOCUMENTS.fullmatch(path):
        if method not in ("GET", "HEAD"):
            raise _unclear("this path can only be read")
        return Act(verb="get", path=path)
    said = dict(reversed(parse_qsl(query, keep_blank_values=True)))  # the first of many counts
    return _resource(method, path, parts, said)


def _resource(method: str, path: str, parts: list[str], query: dict[str, str]) -> Act:
    group, version, rest = _root(parts)
    verb = _VERBS[method]
    if rest[:1] in (["watch"], ["proxy"]):
        raise _unclear("paths that begin with watch or proxy are deprecated")
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _OF_NAMESPACES:
            rest = rest[2:]
    resource, name, subresource = (*rest[:3], "", "", "")[:3]
    if verb in ("get", "delete") and not name:
        verb = {"get": "list", "delete": "deletecollection"}[verb]
    watching = verb == "list" and query.get("watch", "0").lower() not in _NO
    return Act(
        verb="watch" if watching else verb,
        path=path,
        group=group,
        version=version,
        resource=resource,
        subresource=subresource,
        namespace=namespace,
        name=name,
        dry=query.get("dryRun") == "All",
        lasting=watching or subresource in _STREAMS or subresource == "proxy" or "follow" in query,
    )


def _root(parts: list[str]) -> tuple[str, str, list[str]]:
    """Group, version and what follows them."""
    if parts[0] == "api" and len(parts) > 2:
        return "", parts[1], parts[2:]
    if parts[0] == "apis" and len(parts) > 3:
        return parts[1], parts[2], parts[3:]
    raise _unclear("it is no path of the Kubernetes API")


def _unclear(why: str) -> Unclear:
    return Unclear(f"This request is not passed on: {why}.", cure="Ask for a plain path of the Kubernetes API.")
