"""An import's report, from its JSON, written into the imported file."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from shared.imports.words import FIELDS, OUTCOMES, PASSED_OVER
from shared.spreadsheets import ANSWER_COLUMN, Heading, RowNote, write_report_apart

_ANSWERED = {"row_may_be_known", "row_changed", "answer_task_unknown", "answer_invalid"}
Report = Mapping[str, Any]


async def report_workbook(content: bytes, report: Report) -> bytes:
    """The file with columns for outcome, reason and suggestion, and if there are questions one for answers.

    Raises:
        InvalidInput: file_too_costly, file_crashes_reader: the file could be read, but not written again.
        Unavailable: reading_busy.
    """
    read = [sheet for sheet in report["sheets"] if sheet["outcome"] == "read"]
    headings = [Heading(each["name"], each["heading_end"], tuple(each["columns"].values())) for each in read]
    columns = {sheet["name"]: sheet["columns"] for sheet in read}
    notes = [_of_row(row, columns[row["sheet"]]) for row in report["rows"]]
    notes += [_of_skipped(row) for row in report["skipped"] if row["reason"] != "heading"]
    asks = any(problem["code"] in _ANSWERED for row in report["rows"] for problem in row["problems"])
    return await write_report_apart(content, headings, notes, asks=asks)


def reasons(row: Report, columns: Mapping[str, str]) -> Iterator[str]:
    """Problems, warnings and facts of a row, in Vietnamese; fields are named by the file's own headings."""
    for problem in row["problems"]:
        yield _sentence(problem, columns)
    for warning in row["warnings"]:
        yield f"Lưu ý: {_sentence(warning, columns)}"
    for flag in row.get("flag_details") or ():
        yield f"Lưu ý: {_heading('deadline_text', columns)}: {flag['detail']}"
    if unread := row.get("unread_words"):
        yield f"Từ chưa hiểu trong thời hạn: {', '.join(f'“{word}”' for word in unread)}."
    if row.get("due_on"):
        yield f"Đến hạn {dmy(row['due_on'])}."
    if row.get("members"):
        yield f"Giao riêng cho {row['members']} thành viên."
    if row.get("moved_from"):
        yield f"Trước đây ở {row['moved_from']}."


def suggestions(row: Report) -> Iterator[str]:
    """Agencies and tasks that a row may mean."""
    for problem in (*row["problems"], *row["warnings"]):
        if near := problem["suggestions"]:
            yield "Có thể là: " + "; ".join(f"{item['name']} ({item['code']})" for item in near) + "."
    for task in row.get("candidates") or ():
        at = ", ".join(filter(None, (task["annex"], task["ref"])))
        yield f"{ANSWER_COLUMN}: mới, hoặc {task['task_id']} nếu là “{task['title'][:200]}” ({at or 'không số'})."


def dmy(day: str) -> str:
    """A day of the JSON as people write it."""
    return f"{date.fromisoformat(day):%d/%m/%Y}"


def _sentence(problem: Report, columns: Mapping[str, str]) -> str:
    heading = _heading(problem["field"], columns)
    return f"{heading}: {problem['detail']}" if heading else str(problem["detail"])


def _heading(field: str, columns: Mapping[str, str]) -> str:
    """A column as the file prints it; empty for what is none."""
    printed = " ".join(columns.get(field, field).split())
    return FIELDS.get(field, "") if printed == field else printed


def _of_row(row: Report, columns: Mapping[str, str]) -> RowNote:
    outcome = OUTCOMES[row["outcome"]].vi
    return RowNote(
        row["sheet"],
        row["row"],
        row["outcome"],
        outcome,
        _lines(reasons(row, columns)),
        _lines(suggestions(row)),
    )


def _of_skipped(row: Report) -> RowNote:
    return RowNote(row["sheet"], row["number"], "skipped", PASSED_OVER.vi, row["detail"], "")


def _lines(texts: Iterator[str] | Sequence[str]) -> str:
    return "\n".join(dict.fromkeys(texts))
