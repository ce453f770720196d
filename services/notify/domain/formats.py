"""Formats of days, instants, amounts and titles in messages, in Vietnamese and English."""

from datetime import UTC, date, datetime

from shared.runtime.clock import LOCAL_ZONE

LONGEST_TITLE = 200  # characters of a title or deliverable inside a message; the payload carries them whole
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip  # strftime would ask the machine's locale


def day_vi(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def day_en(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def instant_vi(instant: datetime) -> str:
    local = instant.astimezone(LOCAL_ZONE)
    return f"{local:%H:%M} ngày {day_vi(local.date())}"


def instant_en(instant: datetime) -> str:
    local = instant.astimezone(LOCAL_ZONE)
    return f"{local:%H:%M} on {day_en(local.date())}"


def instant_iso(instant: datetime) -> str:
    """RFC 3339 in UTC: 2026-03-10T02:00:00Z."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def shortened(text: str) -> str:
    """The text as one line without its final full stop, cut between words at LONGEST_TITLE."""
    line = " ".join(text.split()).rstrip(".;, ")
    if len(line) <= LONGEST_TITLE:
        return line
    return line[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(".;, ") + "…"


# --- money ----------------------------------------------------------------------------------------------------------

_VIETNAMESE_MARKS = str.maketrans(",.", ".,")
_MILLION, _BILLION = 10**6, 10**9
_NEXT_UNIT = 10_000  # tenths: 999.95 million is a billion already


def money_vi(dong: int) -> str:
    """An amount to one decimal place: 1.234,5 tỉ đồng; below a million in whole đồng."""
    return _money(dong, ("đồng", "triệu đồng", "tỉ đồng")).translate(_VIETNAMESE_MARKS)


def money_en(dong: int) -> str:
    """As `money_vi`, in English: 1,234.5 billion đồng."""
    return _money(dong, ("đồng", "million đồng", "billion đồng"))


def one_place(tenths: int) -> str:
    whole, place = divmod(tenths, 10)
    return f"{whole:,}.{place}" if place else f"{whole:,}"


def _money(dong: int, units: tuple[str, str, str]) -> str:
    if dong < _MILLION:
        return f"{dong:,} {units[0]}"
    millions = _tenths(dong, _MILLION)
    if millions < _NEXT_UNIT:
        return f"{one_place(millions)} {units[1]}"
    return f"{one_place(_tenths(dong, _BILLION))} {units[2]}"


def _tenths(dong: int, unit: int) -> int:
    """An amount in tenths of a unit, halves up, in integer arithmetic."""
    return (20 * dong + unit) // (2 * unit)
