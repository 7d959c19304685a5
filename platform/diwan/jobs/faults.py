"""Tells a server that is away from a fault of the job: the first is waited for, the second counts as an attempt.

It must not decide what to do about either.
"""

from __future__ import annotations

import traceback

import psycopg
import redis
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from diwan.errors import DiwanError
from diwan.kit.redaction import redact

AWAY = ("08", "57P", "53300")
"""SQLSTATE classes: connection exceptions, operator intervention (shutdown, starting up), too many connections."""
LONGEST = 4000

QUEUE_AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, redis.exceptions.BusyLoadingError)


def database_away(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, means that PostgreSQL does not answer just now."""
    while error is not None:
        if isinstance(error, PoolTimeout):
            return True
        original = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(original, psycopg.OperationalError):
            state = original.sqlstate
            return state is None or state.startswith(AWAY)
        error = error.__cause__
    return False


def final(error: BaseException) -> bool:
    """Return whether trying again cannot help: the answer is no, and it would be no again."""
    return isinstance(error, DiwanError) and 400 <= error.status < 500 and error.status not in (409, 429)


def told(error: BaseException) -> str:
    """Return the text of an error for whoever reads it: a refusal's sentence, or type, text and place of a defect."""
    if final(error):
        return redact(str(error))
    cause = error.__cause__ if isinstance(error, DiwanError) and error.__cause__ else error
    place = "".join(traceback.format_tb(cause.__traceback__)[-4:])
    return redact(f"{type(cause).__name__}: {cause}\n{place}")[:LONGEST].replace("\0", "")
