"""What a failure is laid to, case by case."""

import errno
import socket
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime

from shared.runtime.faults import is_duplicate, is_permanent, is_transient


def database(sqlstate: str | None, *, lost: bool = False) -> DBAPIError:
    cause: Any = Exception("told by the driver")
    if sqlstate is not None:
        cause.sqlstate = sqlstate
    return DBAPIError("SELECT 1", None, cause, connection_invalidated=lost)


@pytest.mark.parametrize("sqlstate", ["08006", "53300", "57P01", "57014", "40P01", "40001", "55P03"])
def test_an_absent_or_overloaded_database_passes(sqlstate: str) -> None:
    error = database(sqlstate)
    assert is_transient(error)
    assert not is_permanent(error)


@pytest.mark.parametrize("sqlstate", ["22001", "22P02", "23503", "23505", "54000"])
def test_data_that_cannot_be_written_never_passes(sqlstate: str) -> None:
    error = database(sqlstate)
    assert is_permanent(error)
    assert not is_transient(error)
    assert is_duplicate(error) is (sqlstate == "23505")


@pytest.mark.parametrize("sqlstate", [None, "42P01", "42703", "XX000", "55006"])
def test_what_is_neither_is_a_fault_of_ours(sqlstate: str | None) -> None:
    assert not is_transient(database(sqlstate))
    assert not is_permanent(database(sqlstate))


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (database(None, lost=True), True),
        (NoConnectionInTime(), True),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (socket.gaierror(), True),
        (OSError("every address failed"), True),
        (OSError(errno.ENOENT, "no such socket"), True),
        (FileNotFoundError(errno.ENOENT, "no such file", "a.csv"), False),
        (OSError(errno.ENOSPC, "disk full"), False),
        (ValueError(), False),
    ],
)
def test_a_connection_that_failed_passes_and_a_missing_file_does_not(error: Exception, passes: bool) -> None:
    assert is_transient(error) is passes
