"""How a deadline is read: the tables of `tests/support/deadlines.py`, one phrase and its reading per line."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from services.tasks.domain.deadlines import (
    FLAG_SENTENCES,
    DeadlineFlag,
    DeadlineKind,
    Period,
    Recurrence,
    read_deadline,
)
from shared.errors import InvalidInput
from tests.support.deadlines import DATED, IN_SENTENCES, RECURRING, WITHOUT_A_DATE, table

SAMPLE = (Path(__file__).parents[1] / "data" / "deadline_phrases_sample.csv").read_text(encoding="utf-8")
RECURRENCES = {"monthly": "month", "quarterly": "quarter", "yearly": "year", "": None}


@pytest.mark.parametrize("row", list(csv.DictReader(SAMPLE.splitlines())), ids=lambda row: row["phrase"][:40])
def test_real_phrases(row: dict[str, str]) -> None:
    reading = read_deadline(row["phrase"])
    assert (reading.kind, str(reading.start_on or ""), str(reading.due_on or "")) == (
        row["kind"],
        row["start"],
        row["due"],
    )
    assert (reading.recurrence.every if reading.recurrence else None) == RECURRENCES[row["recurrence"]]
    assert reading.text == row["phrase"]


@pytest.mark.parametrize(("phrase", "kind", "start", "due"), table(DATED))
def test_dated_forms(phrase: str, kind: str, start: str, due: str) -> None:
    reading = read_deadline(phrase)
    assert (reading.kind, str(reading.start_on or ""), str(reading.due_on)) == (kind, start, due)
    assert reading.flags == ()


@pytest.mark.parametrize(("sentence", "due"), table(IN_SENTENCES))
def test_the_governed_date_of_a_sentence(sentence: str, due: str) -> None:
    reading = read_deadline(sentence)
    assert (str(reading.due_on), reading.flags) == (due, ())


@pytest.mark.parametrize(("phrase", "every", "day", "month", "flags"), table(RECURRING))
def test_recurring_forms(phrase: str, every: Period, day: str, month: str, flags: str) -> None:
    reading = read_deadline(phrase)
    expected = Recurrence(every, int(day) if day else None, int(month) if month else None) if every else None
    assert (reading.kind, reading.recurrence, " ".join(reading.flags)) == ("recurring", expected, flags)
    assert reading.due_on is None


@pytest.mark.parametrize(("phrase", "kind", "flags"), table(WITHOUT_A_DATE))
def test_what_has_no_date_is_kept_and_flagged(phrase: str, kind: str, flags: str) -> None:
    reading = read_deadline(phrase)
    assert (reading.kind, " ".join(reading.flags)) == (kind, flags)
    assert (reading.start_on, reading.due_on, reading.recurrence) == (None, None, None)


def test_a_duty_beside_a_dated_task_is_flagged() -> None:
    reading = read_deadline("Hoàn thành nền tảng trước ngày 15/11/2025; định kỳ hằng tháng báo cáo tiến độ")
    assert (reading.due_on, reading.flags) == (date(2025, 11, 14), ("also_recurring",))


def test_before_can_include_the_day_but_not_a_month() -> None:
    assert read_deadline("trước ngày 15/11/2025", before_includes_day=True).due_on == date(2025, 11, 15)
    assert read_deadline("trước tháng 6/2026", before_includes_day=True).due_on == date(2026, 5, 31)
    assert read_deadline("trước ngày 20 hằng tháng", before_includes_day=True).recurrence == Recurrence(
        "month", 20
    )


@pytest.mark.parametrize(
    ("phrase", "due"),
    [
        ("trước ngày 15/11 năm nay", date(2025, 11, 14)),
        ("quý IV năm nay", date(2025, 12, 31)),
        ("cuối năm nay", date(2025, 12, 31)),
        ("trước ngày 15/11", None),
        ("quý IV", None),
    ],
)
def test_the_day_of_the_document_gives_only_this_year(phrase: str, due: date | None) -> None:
    assert read_deadline(phrase, date(2025, 10, 15)).due_on == due


def test_a_deadline_before_its_document_is_flagged() -> None:
    assert read_deadline("tháng 5/2025", date(2025, 10, 15)).flags == ("past_issue",)
    assert read_deadline("tháng 5/2025", date(2025, 5, 31)).flags == ()


def test_every_flag_and_kind_is_specified_above() -> None:
    tables = WITHOUT_A_DATE + RECURRING
    elsewhere = {
        "also_recurring", "past_issue", "words_unread", "digits_corrected", "open_ended", "legacy_encoding",
        "too_long",
    }  # fmt: skip
    assert {flag for flag in DeadlineFlag if not re.search(rf"\b{flag}\b", tables)} == elsewhere
    assert all(
        re.search(rf"\| {kind}\b", DATED + WITHOUT_A_DATE) for kind in set(DeadlineKind) - {"recurring"}
    )
    assert list(FLAG_SENTENCES) == list(DeadlineFlag)


@pytest.mark.parametrize(
    "parts",
    [
        ("fortnight",),
        ("week", 8),
        ("day", 1),
        ("half", None, 7),
        ("month", 0),
        ("month", 32),
        ("quarter", None, 4),
        ("month", None, 2),
    ],
)
def test_impossible_recurrences_are_refused(parts: tuple[object, ...]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Recurrence(*parts)  # type: ignore[arg-type]  # what a stored or posted value could hold
    assert refusal.value.code == "invalid_recurrence"
