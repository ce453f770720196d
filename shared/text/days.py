"""Days as files print them: the day before the month, or ISO 8601."""

import re
from datetime import date

_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?"
_ISO = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_PRINTED = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}", re.ASCII)


def read_day(text: str) -> date | None:
    """19/05/2026, 19-5-2026, 19.5.2026 or 2026-05-19, with or without a time; None for what is none of these."""
    text = text.strip()
    if match := _ISO.fullmatch(text):
        return _day(match[1], match[3], match[4])
    match = _PRINTED.fullmatch(text)
    return _day(match[4], match[3], match[1]) if match else None


def is_month_first(text: str) -> bool:
    """True if a text is a day only if the month is first: 05/19/2026. Others in the file may be so too."""
    match = _PRINTED.fullmatch(text.strip())
    return match is not None and read_day(text) is None and _day(match[4], match[1], match[3]) is not None


def could_be_month_first(text: str) -> bool:
    """True if a printed day is another one if its month is first: 05/06/2026."""
    match = _PRINTED.fullmatch(text.strip())
    other = _day(match[4], match[1], match[3]) if match else None
    return other is not None and other != read_day(text)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
