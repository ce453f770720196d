"""What holds of every reading: any day in any form, other letters, spaces and citations, and texts of any kind."""

import unicodedata
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.tasks.domain.deadlines import DeadlineFlag, read_deadline
from tests.support.deadlines import DATED, IN_SENTENCES, RECURRING, WITHOUT_A_DATE, table

DAYS = st.dates(date(2000, 1, 2), date(2099, 12, 31))
WRITTEN_DAYS = st.sampled_from(
    [
        "{d}/{m}/{y}",
        "{d:02}/{m:02}/{y}",
        "{d}-{m}-{y}",
        "{d}.{m}.{y}",
        "{d} tháng {m} năm {y}",
        "{d:02} tháng {m:02}/{y}",
    ]
)
GOVERNORS = st.sampled_from(
    [
        ("", 0),
        ("trước ngày ", -1),
        ("hoàn thành trước ", -1),
        ("chậm nhất ngày ", 0),
        ("đến hết ngày ", 0),
        ("từ ngày ", 0),
    ]
)


@given(DAYS, WRITTEN_DAYS, GOVERNORS)
def test_any_day_in_any_form_reads_back(day: date, form: str, governor: tuple[str, int]) -> None:
    words, shift = governor
    reading = read_deadline(words + form.format(d=day.day, m=day.month, y=day.year))
    assert (reading.kind, reading.due_on, reading.flags) == ("date", day + timedelta(days=shift), ())


@given(DAYS, st.sampled_from(["quý {q}/{y}", "trong quý {r} năm {y}", "hết Quý {r}/{y}", "Q{q}/{y}"]))
def test_any_quarter_reads_back(day: date, form: str) -> None:
    quarter = (day.month + 2) // 3
    reading = read_deadline(form.format(q=quarter, r=("I", "II", "III", "IV")[quarter - 1], y=day.year))
    assert reading.kind == "quarter"
    assert reading.start_on == date(day.year, 3 * quarter - 2, 1)
    assert reading.due_on is not None
    assert (reading.due_on + timedelta(days=1)).day == 1
    assert reading.start_on <= day <= reading.due_on


PHRASES = [row[0] for text in (DATED, IN_SENTENCES, RECURRING, WITHOUT_A_DATE) for row in table(text)]
READ = st.sampled_from([phrase for phrase in PHRASES if phrase])


def meaning(text: str) -> tuple[object, ...]:
    reading = read_deadline(text)
    assert reading.text == text
    return reading.kind, reading.start_on, reading.due_on, reading.recurrence, reading.flags


@given(READ, st.sampled_from([str.upper, str.lower, str.swapcase]), st.sampled_from(["NFC", "NFD"]))
def test_case_and_unicode_form_do_not_matter(phrase: str, case: object, form: str) -> None:
    assert callable(case)
    assert meaning(unicodedata.normalize(form, case(phrase))) == meaning(phrase)  # type: ignore[arg-type]  # the two forms mypy knows as literals


@given(READ, st.sampled_from(["\u00a0", "  ", "\t", "\n", " \u200b"]))
def test_kinds_of_space_do_not_matter(phrase: str, space: str) -> None:
    assert meaning(f"{space}{phrase.replace(' ', space)}{space}") == meaning(phrase)


CITATIONS = st.sampled_from(
    [
        "Thực hiện Thông báo số 45-TB/TGV ngày 30/9/2025, ",
        "Triển khai Nghị quyết số 57-NQ/TW ngày 22/12/2024 của Bộ Chính trị, ",
        "Theo Nghị định số 118/2025/NĐ-CP, ",
        "Căn cứ Kế hoạch số 02-KH/BCĐTW ngày 19 tháng 6 năm 2025; ",
    ]
)
FIRM = st.sampled_from(
    [row[0] for row in table(DATED) if row[0].startswith(("trước", "hoàn thành", "chậm nhất", "đến"))]
)


@given(CITATIONS, FIRM)
def test_a_cited_document_does_not_change_the_reading(citation: str, phrase: str) -> None:
    assert meaning(citation + phrase) == meaning(phrase)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["trước", "từ", "đến", "hằng", "tháng", "quý", "năm", "ngày", "IV", "2025", "15/11", "31/02/2026"]
        ),
        READ,
        st.text(max_size=8),
    ),
    max_size=8,
)


@given(PIECES, st.none() | DAYS)
def test_any_text_is_kept_and_its_reading_makes_sense(pieces: list[str], issued_on: date | None) -> None:
    text = " ".join(pieces)
    reading = read_deadline(text, issued_on)
    assert reading.text == text
    dated = reading.kind in {"date", "month", "quarter", "half", "year"}
    assert dated == (reading.due_on is not None)
    assert ("undated" in reading.flags) == (reading.kind == "none")
    assert reading.recurrence is None or reading.kind == "recurring"
    if reading.start_on and reading.due_on:
        assert reading.start_on <= reading.due_on
    assert list(reading.flags) == sorted(set(reading.flags), key=list(DeadlineFlag).index)
