"""Phrases read in public documents, and some built to corner a weakness, each with the reading a careful officer holds."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from services.tasks.domain.deadlines import DeadlineKind, Reading, read_deadline

FIELD = (Path(__file__).parents[1] / "data" / "field_phrases.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(FIELD.splitlines()))
UNDATED = {DeadlineKind.NONE, DeadlineKind.EVENT, DeadlineKind.REFERENCE, DeadlineKind.STANDING}
_RECURRING = re.compile(r"recurring(?: \((?P<every>\w+)(?:[: ](?P<day>\w+)(?:/(?P<month>\d+))?)?\))?")


def reading_of(row: dict[str, str]) -> Reading:
    issued_on = date.fromisoformat(row["issued_on"]) if row["issued_on"] else None
    return read_deadline(row["phrase"], issued_on)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["phrase"][:40])
def test_field_phrases(row: dict[str, str]) -> None:
    reading = reading_of(row)
    if wanted := _RECURRING.fullmatch(row["kind"]):
        assert (reading.kind, reading.due_on) == ("recurring", None)
        check_recurrence(reading, wanted)
    else:
        assert (reading.kind, str(reading.due_on or "")) == (row["kind"], row["due_on"])


def check_recurrence(reading: Reading, wanted: re.Match[str]) -> None:
    """`year:14/12` is day and month of the year, `quarter:15/1` day and month of the quarter."""
    if not wanted["every"]:
        return
    assert reading.recurrence is not None
    assert reading.recurrence.every == wanted["every"]
    if wanted["day"] == "bounded":
        assert "bounded" in reading.flags
    elif wanted["day"]:
        last = {"month": 1, "quarter": 3, "year": 12}[wanted["every"]]
        month = int(wanted["month"] or last)
        assert (reading.recurrence.due_day, reading.recurrence.due_month or last) == (
            int(wanted["day"]),
            month,
        )
    else:
        assert reading.recurrence.due_day is None


def test_most_that_have_one_definite_reading_are_not_flagged() -> None:
    definite = [row for row in ROWS if row["due_on"]]
    flagged = [row["phrase"] for row in definite if "words_unread" in reading_of(row).flags]
    assert len(flagged) <= len(definite) // 20, flagged
