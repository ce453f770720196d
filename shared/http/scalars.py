"""Dates, instants, numbers and yes or no as a request writes them: each read in one form, everything else refused.

Pydantic by itself takes a number for a date (days or seconds since 1970), "1" for true and 1.0 for 1.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# RFC 3339, section 5.6; the fraction as far as clocks write it. Beyond microseconds it is cut off.
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](([01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?(Z|z|[+-]([01]\d|2[0-3]):[0-5]\d)?",
    re.ASCII,
)
_INTEGER = re.compile(r"-?(0|[1-9]\d{0,18})", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


def read_date(value: Any) -> date:
    """A date of the form YYYY-MM-DD. Raises PydanticCustomError."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("date_type", "A date must be text of the form YYYY-MM-DD.")
    if not _DATE.fullmatch(value):
        raise PydanticCustomError("date_parsing", "A date must have the form YYYY-MM-DD.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_unknown", "The calendar has no such day.") from None


def read_instant(value: Any) -> datetime:
    """An instant as RFC 3339 writes it, with its offset. Raises PydanticCustomError."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str):
        raise PydanticCustomError(
            "datetime_type", "An instant must be text such as 2026-03-10T08:00:00+07:00."
        )
    if not (found := _INSTANT.fullmatch(value)):
        raise PydanticCustomError(
            "datetime_parsing",
            "An instant must have the form 2026-03-10T08:00:00+07:00 (in an address + is written %2B).",
        )
    day, time, _, fraction, offset, _ = found.groups()
    if offset is None:
        raise PydanticCustomError(
            "timezone_aware", "An instant must say its offset, e.g. +07:00 (in an address %2B07:00) or Z."
        )
    try:
        instant = datetime.fromisoformat(f"{day}T{time}.{fraction or '0':0<6.6}{offset.upper()}")
        instant.astimezone(UTC)  # at the ends of the calendar it may lie outside
    except (ValueError, OverflowError):
        raise PydanticCustomError("datetime_unknown", "The calendar has no such instant.") from None
    return instant


def _read_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        raise PydanticCustomError("int_parsing", "It must be a whole number in digits.")
    return int(value)


def _as_written(value: Any) -> Any:
    """A number, or digits as text: decimal.Decimal by itself also reads 1_000, blanks around, and digits of other scripts."""
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise PydanticCustomError("decimal_parsing", "It must be a number with a decimal point, in digits.")
    return value


def _read_boolean(value: Any) -> bool:
    found = _BOOLEANS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise PydanticCustomError("bool_parsing", "It must be true or false.")
    return found


# Put these after a type's bounds, so that its schema has them: Annotated[int, Query(ge=1), AS_INTEGER].
AS_DATE = BeforeValidator(read_date)
AS_INTEGER = BeforeValidator(_read_integer)
AS_DECIMAL = BeforeValidator(_as_written)

Date = Annotated[date, AS_DATE]
Instant = Annotated[datetime, BeforeValidator(read_instant)]
# of JSON
Integer = StrictInt
Boolean = StrictBool
# of an address or a form, where all is text
BooleanText = Annotated[bool, BeforeValidator(_read_boolean)]
