"""What PostgreSQL refuses, told as errors that the rest of the house knows; nobody else sees the driver's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import psycopg_pool
from psycopg import errors

from basefly.base.errors import BaseflyError, Conflict, Invalid, Unavailable


class Duplicate(Conflict):
    """A unique key is taken; `constraint` names it."""

    def __init__(self, constraint: str) -> None:
        super().__init__("There is already one like it.", cure="Choose another name, or change the one that is there.")
        self.constraint = constraint


class Referenced(Conflict):
    """A row points at something that is not there, or is pointed at and cannot go; `constraint` names the key."""

    def __init__(self, constraint: str) -> None:
        super().__init__("Something that belongs to it is missing, or still depends on it.")
        self.constraint = constraint


class Raced(Conflict):
    """Two transactions crossed; the whole of it may simply be tried again."""

    code, title = "raced", "Someone else changed the same thing at the same moment"


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the driver raises as a BaseflyError, with the driver's error as its cause."""
    try:
        yield
    except (psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.TooManyRequests, psycopg_pool.PoolClosed) as error:
        told = _told(error)
        if told is None:
            raise
        raise told from error


def _told(error: Exception) -> BaseflyError | None:
    """The error to show, or None for what can only be a mistake of ours."""
    constraint = (error.diag.constraint_name or "") if isinstance(error, psycopg.Error) else ""
    match error:
        case errors.UniqueViolation() | errors.ExclusionViolation():
            return Duplicate(constraint)
        case errors.ForeignKeyViolation() | errors.RestrictViolation():
            return Referenced(constraint)
        case errors.CheckViolation():
            return Invalid(f"The database refuses this value ({constraint}).")
        case errors.UntranslatableCharacter() | errors.CharacterNotInRepertoire():
            return Invalid("Text may not contain the character NUL or broken UTF-8.")
        # Too long for an index, too deep to parse: to the driver an OperationalError, as if the database were away.
        case psycopg.DataError() | errors.ProgramLimitExceeded() | errors.StatementTooComplex():
            return Invalid(f"The database refuses this value: {error.diag.message_primary or error}.")
        case errors.SerializationFailure() | errors.DeadlockDetected():
            return Raced("The database stopped one of two crossing changes.", cure="Try again.")
        case errors.LockNotAvailable():
            return Raced("Someone else holds what this would change.", cure="Try again in a few seconds.")
        case errors.QueryCanceled():
            return Unavailable("The database took too long.", cure="Ask for less at a time, or try again later.")
        case psycopg_pool.PoolTimeout() | psycopg_pool.TooManyRequests():
            return Unavailable("All database connections are busy.", cure="Try again in a few seconds.", retry_after=2)
        case errors.DiskFull() | errors.OutOfMemory() | errors.ConfigurationLimitExceeded():
            return Unavailable(f"The database cannot write: {error}", cure="Free disk space or memory of its machine.")
        case psycopg.OperationalError():
            return Unavailable("The database does not answer.", cure="See `basefly doctor`.", retry_after=2)
    return None
