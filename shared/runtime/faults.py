"""The kind of a failure: transient (the same may succeed later), permanent (the data caused it), or neither, a defect.

Used by the edge of HTTP (503 or 500) and by consumers (retry, or examine the event: `shared/log/poison.py`).
"""

import errno
import socket

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime

# SQLSTATE classes: connection exception, insufficient resources, operator intervention, transaction rollback (deadlock,
# serialization failure); and the one state lock_not_available
_TRANSIENT = ("08", "53", "57", "40", "55P03")
# data exception, integrity constraint violation, program limit exceeded (e.g. an index row too long)
_PERMANENT = ("22", "23", "54")
_UNIQUE_VIOLATION = "23505"
_QUERY_CANCELED = "57014"


def is_transient(error: Exception) -> bool:
    """The database is unreachable or overloaded, or had to cancel the transaction."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _sqlstate(error).startswith(_TRANSIENT)
    return isinstance(error, NoConnectionInTime) or (isinstance(error, OSError) and _is_unreachable(error))


def is_permanent(error: DBAPIError) -> bool:
    """PostgreSQL or its driver refuses the values themselves: they are refused whenever they are tried."""
    return _sqlstate(error).startswith(_PERMANENT)


def is_duplicate(error: DBAPIError) -> bool:
    """True if it is unique_violation. Use cases check first, so only concurrent requests cause it."""
    return _sqlstate(error) == _UNIQUE_VIOLATION


def is_timeout(error: Exception) -> bool:
    """True if PostgreSQL canceled the statement at `statement_timeout` (`shared/runtime/database.py`)."""
    return isinstance(error, DBAPIError) and _sqlstate(error) == _QUERY_CANCELED


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")  # none when the connection was lost


def _is_unreachable(error: OSError) -> bool:
    """A connection that failed; a missing file or a full disk is a defect.

    A missing socket has no file name in its error; where every address of a host failed, asyncio gives no errno.
    """
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return True
    return error.filename is None and error.errno in {
        None,
        errno.ENOENT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    }
