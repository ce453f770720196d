"""The day in a cell of an imported file, or why it is refused; in the same words for every importer."""

from datetime import date

from shared.imports.rows import Problem
from shared.text.days import could_be_month_first, read_day


def read_day_cell(field: str, text: str, *, month_first: bool, earliest: date, today: date) -> date | Problem:
    """The day, from `earliest` until `today`.

    With `month_first` some cell of the file is a day only if its month is first: then those that can be read both
    ways are refused.
    """
    day = read_day(text)
    if day is None:
        return Problem(
            field,
            "day_invalid",
            f"“{text[:50]}” không phải ngày dạng dd/MM/yyyy hoặc yyyy-MM-dd, ví dụ 31/01/2026.",
            f"“{text[:50]}” is no day as dd/MM/yyyy or yyyy-MM-dd, e.g. 31/01/2026.",
        )
    if month_first and could_be_month_first(text):
        return Problem(
            field,
            "day_ambiguous",
            f"Tệp có ô ghi tháng trước ngày, nên “{text[:50]}” đọc được hai cách: ghi mọi ngày dạng dd/MM/yyyy hoặc "
            "yyyy-MM-dd.",
            f"Some cell of the file has the month first, so that “{text[:50]}” can be read two ways: write all days as "
            "dd/MM/yyyy or yyyy-MM-dd.",
        )
    return _misplaced(field, day, earliest, today) or day


def _misplaced(field: str, day: date, earliest: date, today: date) -> Problem | None:
    if day < earliest:
        return Problem(
            field,
            "day_out_of_range",
            f"Ngày {day:%d/%m/%Y} trước {earliest:%d/%m/%Y}: kiểm tra năm.",
            f"The day {day} is before {earliest}: check the year.",
        )
    if day > today:
        return Problem(
            field,
            "day_in_future",
            f"Ngày {day:%d/%m/%Y} sau hôm nay {today:%d/%m/%Y}: ghi ngày đã đến.",
            f"The day {day} is after today {today}: give one that has come.",
        )
    return None
