"""List and watch options, checked and refused as the real server does (meta/internalversion validation)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from basefly.sim.rest.paths import truthy
from basefly.sim.status import Cause, Refusal, bad_request, invalid


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is None where none was given; times are in seconds, 0 for none."""

    version: int | None = None
    match: str = ""
    limit: int = 0
    token: str = ""
    labels: str = ""
    fields: str = ""
    timeout: int = 0
    bookmarks: bool = False
    initial_events: bool | None = None
    include: str = ""


def read(query: Mapping[str, str], *, watch: bool) -> Options:
    version = query.get("resourceVersion", "")
    initial = query.get("sendInitialEvents")
    options = Options(
        version=_version(version, watch) if version else None,
        match=query.get("resourceVersionMatch", ""),
        limit=integer(query.get("limit", "")),
        token=query.get("continue", ""),
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
        timeout=integer(query.get("timeoutSeconds", "")),
        bookmarks=truthy(query.get("allowWatchBookmarks")),
        initial_events=None if initial is None else truthy(initial),
        include=query.get("includeObject", ""),
    )
    if options.token and options.version is not None:
        raise bad_request("specifying resource version is not allowed when using continue")
    _check_match(options, watch)
    return options


def unstreamed() -> Refusal:
    """How a server refuses sendInitialEvents when it cannot stream lists."""
    message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
    return _forbidden("sendInitialEvents", message)


def _version(text: str, watch: bool) -> int:
    if text.isdigit():
        return int(text)
    problem = unreadable(text)
    if watch:
        raise Refusal(500, "", problem)
    raise bad_request(f"invalid resource version: {problem}")


def unreadable(text: str) -> str:
    """What is wrong with a version that is no number."""
    return f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'


def integer(text: str) -> int:
    if not text:
        return 0
    if not text.lstrip("-").isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _check_match(options: Options, watch: bool) -> None:
    if options.initial_events is not None:
        _check_initial_events(options, watch)
    elif options.match:
        _check_list_match(options, watch)


def _check_initial_events(options: Options, watch: bool) -> None:
    causes, field = [], "resourceVersionMatch"
    if not watch and options.match and options.version is None:
        why = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        causes.append(Cause("FieldValueForbidden", why, field))
    if not watch:
        why = "Forbidden: sendInitialEvents is forbidden for list"
        causes.append(Cause("FieldValueForbidden", why, "sendInitialEvents"))
    elif options.match != "NotOlderThan":
        why = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        causes.append(Cause("FieldValueForbidden", why, field))
        if options.match:
            why = f'Unsupported value: "{options.match}": supported values: "NotOlderThan"'
            causes.append(Cause("FieldValueNotSupported", why, field))
    if causes:
        raise invalid("ListOptions", "", causes, group="meta.k8s.io")


def _check_list_match(options: Options, watch: bool) -> None:
    field = "resourceVersionMatch"
    if watch:
        raise _match_in_watch(options.match)
    if options.version is None:
        raise _forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")
    if options.token:
        raise _forbidden(field, "resourceVersionMatch is forbidden when continue is provided")
    if options.match not in ("Exact", "NotOlderThan"):
        message = f'Unsupported value: "{options.match}": supported values: "Exact", "NotOlderThan", ""'
        raise _invalid("FieldValueNotSupported", message, field)
    if options.match == "Exact" and options.version == 0:
        raise _forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')


def _match_in_watch(match: str) -> Refusal:
    field = "resourceVersionMatch"
    message = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    causes = [Cause("FieldValueForbidden", message, field)]
    if match != "NotOlderThan":
        supported = f'Unsupported value: "{match}": supported values: "NotOlderThan"'
        causes.append(Cause("FieldValueNotSupported", supported, field))
    return invalid("ListOptions", "", causes, group="meta.k8s.io")


def _forbidden(field: str, message: str) -> Refusal:
    return _invalid("FieldValueForbidden", f"Forbidden: {message}", field)


def _invalid(reason: str, message: str, field: str) -> Refusal:
    return invalid("ListOptions", "", [Cause(reason, message, field)], group="meta.k8s.io")
