"""What may be told: every error that reaches a person or a program outside, with its stable code."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One wrong input. `pointer` is an RFC 6901 JSON Pointer into the request body."""

    pointer: str
    detail: str


class BaseflyError(Exception):
    """An error whose text is safe to show.

    `detail` says what is wrong and where; `cure` says what to do about it. `extra` becomes extension members of
    the problem document (RFC 9457, section 3.2).
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong in the hub"

    def __init__(self, detail: str = "", *, cure: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.cure = cure
        self.extra = extra


class Invalid(BaseflyError):
    """The request was understood and is wrong; `errors` names each field."""

    code, status, title = "invalid", 422, "The request is not valid"

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = (), cure: str = "", **extra: Any) -> None:
        super().__init__(detail, cure=cure, **extra)
        self.errors = errors


class Malformed(BaseflyError):
    """The request could not be read at all."""

    code, status, title = "malformed", 400, "The request could not be read"


class Unauthenticated(BaseflyError):
    """Nobody we know is asking."""

    code, status, title = "unauthenticated", 401, "Sign in first"


class Denied(BaseflyError):
    """We know who asks, and they may not."""

    code, status, title = "denied", 403, "You are not allowed to do this"


class StepUpNeeded(Denied):
    """They may, but must prove themselves anew: it was too long ago for something that cannot be taken back."""

    code, title = "step_up_needed", "Confirm it is you"


class FactorNeeded(Denied):
    """Their organization wants a second factor of everyone, and they have not proved one."""

    code, title = "second_factor_needed", "Set up a second factor first"


class NotFound(BaseflyError):
    """It is not there, or not there for the one who asks; the two look the same."""

    code, status, title = "not_found", 404, "Not found"


class Conflict(BaseflyError):
    """The world has moved, or the name is taken."""

    code, status, title = "conflict", 409, "This conflicts with what is there"


class Limited(BaseflyError):
    """Too many requests; `retry_after` is in seconds."""

    code, status, title = "limited", 429, "Too many requests"

    def __init__(self, detail: str, *, retry_after: int, **extra: Any) -> None:
        super().__init__(detail, cure=f"Try again in {retry_after} s.", retry_after=retry_after, **extra)


class Unavailable(BaseflyError):
    """Something we depend on does not answer."""

    code, status, title = "unavailable", 503, "A service this needs does not answer"
