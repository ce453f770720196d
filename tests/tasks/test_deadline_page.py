"""The page of rules that offices check says what the reader does: each of its examples is read."""

import re
from pathlib import Path

import pytest

from services.tasks.domain.deadlines import FLAG_SENTENCES, Reading, Recurrence, read_deadline

PAGE = (Path(__file__).parents[2] / "docs" / "quy-tac-doc-thoi-han.md").read_text(encoding="utf-8")
_CODE = re.compile(r"`([^`]+)`")
_EVERY = {"day": "hằng ngày", "week": "hằng tuần", "month": "hằng tháng", "quarter": "hằng quý", "half": "6 tháng một lần", "year": "hằng năm"}  # fmt: skip
_WEEKDAYS = ("", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
_UNDATED = {"standing": "thường xuyên", "event": "theo sự kiện", "reference": "theo văn bản dẫn chiếu", "none": "chưa có ngày", "recurring": "định kỳ, chưa rõ kỳ"}  # fmt: skip


def rendered(reading: Reading) -> str:
    """A reading in the page's words."""
    if reading.recurrence:
        return _recurring(reading.recurrence)
    return f"{reading.due_on:%d/%m/%Y}" if reading.due_on else _UNDATED[reading.kind]


def _recurring(recurrence: Recurrence) -> str:
    every = _EVERY[recurrence.every]
    if recurrence.every == "week" and recurrence.due_day:
        return f"{every}, {_WEEKDAYS[recurrence.due_day]}"
    day = f"ngày {recurrence.due_day}" if recurrence.due_day else ""
    month = f"tháng thứ {recurrence.due_month}" if recurrence.due_month else "tháng cuối kỳ"
    where = f" {month}" if day and recurrence.every != "month" else ""
    return f"{every}, {day}{where}" if day else every


def rows(columns: int) -> list[list[str]]:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("| `")
    ]
    return [row for row in cells if len(row) == columns]


@pytest.mark.parametrize("row", rows(3), ids=lambda row: row[0][:50])
def test_every_example_of_the_page_is_read_so(row: list[str]) -> None:
    phrases, due, flags = row
    for phrase in _CODE.findall(phrases):
        reading = read_deadline(phrase)
        assert (rendered(reading), list(reading.flags)) == (due, _CODE.findall(flags)), phrase


def test_the_page_explains_every_flag() -> None:
    explained = {_CODE.findall(flag)[0]: sentence for flag, sentence in rows(2)}
    assert explained == {str(flag): sentence.vi for flag, sentence in FLAG_SENTENCES.items()}
    assert len(rows(3)) > 50
