"""What a failure is to be laid to: the road, which passes, the data, which does not, or neither: a fault of ours.

Consumers ask it (is the batch tried again, or the event set aside?) and so does the edge (503 or 500?). They differ
in what is neither: the edge says so at once, a consumer waits for the mending, for an event set aside is soon forgotten.
"""

import errno
import socket

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime

# SQLSTATE classes: connection lost, resources, shutdown and cancelled, deadlock and serialisation; and lock not available
_OF_THE_ROAD = ("08", "53", "57", "40", "55P03")
# data exception, integrity constraint violation, program limit exceeded (e.g. an index row too long)
_OF_THE_DATA = ("22", "23", "54")
_UNIQUE_VIOLATION = "23505"


def is_of_the_road(error: Exception) -> bool:
    """The database is away or overloaded: the same may succeed a little later."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _sqlstate(error).startswith(_OF_THE_ROAD)
    return isinstance(error, NoConnectionInTime) or (isinstance(error, OSError) and _is_unreachable(error))


def is_of_the_data(error: DBAPIError) -> bool:
    """What was to be written brought it on: it will fail whenever it is tried."""
    return _sqlstate(error).startswith(_OF_THE_DATA)


def is_duplicate(error: DBAPIError) -> bool:
    """A unique value is there already: use cases look first, so only two requests at the same time meet it."""
    return _sqlstate(error) == _UNIQUE_VIOLATION


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")  # none when the connection was lost


def _is_unreachable(error: OSError) -> bool:
    """A connection that failed; a file that is missing or a full disk is a fault of ours.

    A socket that is not there has no file name in its error; where every address of a host failed, asyncio gives
    no errno.
    """
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return True
    return error.filename is None and error.errno in {
        None,
        errno.ENOENT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
    }
