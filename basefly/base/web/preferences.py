"""How someone likes the pages: language, time zone and look; of cookies until they sign in and have said."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Literal

import msgspec
from litestar.datastructures import Cookie
from litestar.types import Scope

from basefly.base.errors import FieldError, Invalid
from basefly.base.web import language
from basefly.base.web.language.languages import known
from basefly.base.web.language.reader import prefer, zone_named
from basefly.base.web.requests import Request

_KEPT = timedelta(days=365)
_NOW = "theme-now"  # of frontend/src/theme.ts


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """An empty language is the browser's, an empty time zone UTC; `system` is as the device has it."""

    language: str = ""
    time_zone: str = ""
    theme: Literal["system", "light", "dark"] = "system"
    contrast: Literal["system", "normal", "high"] = "system"
    density: Literal["comfortable", "compact"] = "comfortable"
    motion: Literal["system", "full", "reduced"] = "system"


NAMES = Preferences.__struct_fields__
_USUAL = Preferences()


def checked(values: Mapping[str, str]) -> Preferences:
    """Preferences of these values; raises Invalid that names each one that cannot be."""
    wrong = [(name, "There is no such choice.") for name, value in values.items() if _fitting({name: value}) is None]
    if not known(values.get("language", "") or "en"):
        wrong.append(("language", "The pages are not written in this language."))
    if (zone := values.get("time_zone")) and zone_named(zone) is None:
        wrong.append(("time_zone", "There is no such time zone."))
    if wrong:
        errors = tuple(FieldError(f"/{name}", detail) for name, detail in wrong)
        raise Invalid("Some of these preferences cannot be.", errors=errors, cure="Choose from what the page offers.")
    return msgspec.convert(values, Preferences)


def stored(values: Any) -> Preferences | None:
    """Preferences as they were kept; None where there are none, or none that we still understand."""
    return _fitting(values) if values else None


def read(scope: Scope) -> AbstractContextManager[None]:
    """The reader of this request: the cookies, then Accept-Language, then English in UTC.

    Programs that call the API get English, whoever runs them.
    """
    if _for_programs(scope):
        return language.reading()
    asked = Request(scope)
    chosen = _of_cookies(asked.cookies)
    return language.reading(chosen.language, chosen.time_zone, accept=asked.headers.get("accept-language", ""))


def adopt(request: Request) -> None:
    """From here on, as whoever signed in has it; authentication left it in the request's state."""
    if (chosen := _signed_in(request)) and not _for_programs(request.scope):
        prefer(chosen.language, chosen.time_zone)


def preferences(request: Request) -> Preferences:
    """What counts for this request; a theme chosen here a moment ago may still be on its way to the account."""
    chosen = _signed_in(request) or _of_cookies(request.cookies)
    now = request.cookies.get(_NOW)
    return msgspec.structs.replace(chosen, theme=now) if now and _fitting({"theme": now}) else chosen


def cookies(request: Request, chosen: Preferences) -> list[Cookie]:
    """Cookies that keep it where nobody is signed in; what is as usual needs none, and one that is there goes."""
    usual = {name for name in NAMES if getattr(chosen, name) == getattr(_USUAL, name)}
    return [
        Cookie(
            key=name,
            value=getattr(chosen, name),
            max_age=0 if name in usual else int(_KEPT.total_seconds()),
            path="/",
            secure=request.house.settings.url.startswith("https://"),
            httponly=name != "theme",  # which the switch in the account's menu changes at once
            samesite="lax",
        )
        for name in NAMES
        if name not in usual or name in request.cookies
    ]


def _signed_in(request: Request) -> Preferences | None:
    chosen: Preferences | None = request.scope["state"].get("preferences")
    return chosen


def _of_cookies(given: Mapping[str, str]) -> Preferences:
    values = {name: given[name] for name in NAMES if name in given}
    return msgspec.convert({name: value for name, value in values.items() if _fitting({name: value})}, Preferences)


def _fitting(values: Any) -> Preferences | None:
    try:
        return msgspec.convert(values, Preferences)
    except msgspec.ValidationError:
        return None


def _for_programs(scope: Scope) -> bool:
    return str(scope.get("path", "")).startswith("/api/v1/")
