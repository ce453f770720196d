"""An import's report on the terminal: each row on a line, its problems and remarks below it."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.cells import cell_len, set_cell_size

from services.cli.console import out
from shared.imports.reports import dmy, reasons
from shared.imports.words import OUTCOMES, PASSED_OVER
from shared.text.characters import is_invisible

_STYLES = {"accepted": "green", "refused": "red", "question": "yellow"}
_LONGEST = 60  # characters of a text quoted in passing
_LISTED = 10  # sheets or tasks named before the others are only counted
_INDENT = "      "
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """The columns of a service's rows after the outcome: headings, width of each but the last, and cells."""

    headings: Sequence[str]
    widths: Sequence[int]
    cells: Callable[[Report], Sequence[str]]


def show_report(report: Report, shown: Shown, *, partial: bool) -> None:
    for line in _sheets(report["sheets"]):
        _print_wrapped(line, further="    ")
    several = len({row["sheet"] for row in report["rows"]}) > 1
    columns = {sheet["name"]: sheet["columns"] for sheet in report["sheets"]}
    if report["rows"]:
        _print(_line("Dòng", "Kết quả", shown.headings, shown), "bold")
    for sheet, rows in groupby(report["rows"], key=lambda row: row["sheet"]):
        if several:
            _print(f"— Trang “{sheet}”", "bold")
        for row in rows:
            _show_row(row, columns[sheet], shown)
    for line in (*_skipped(report["skipped"], several=several), *_missing(report.get("missing") or ())):
        _print(line)
    _show_totals(report)
    _show_ending(report, partial=partial)


def dong(amount: int | None) -> str:
    return "" if amount is None else f"{amount:,}".replace(",", ".")


# --- rows ----------------------------------------------------------------------------------------------------------


def _show_row(row: Report, columns: dict[str, str], shown: Shown) -> None:
    style = _STYLES.get(row["outcome"])
    _print(_line(str(row["row"]), row["outcome_vi"], shown.cells(row), shown), style)
    for text in reasons(row, columns):
        if not text.startswith("Đến hạn "):  # the row already shows it
            _print_below(text)


def _line(place: str, outcome: str, cells: Sequence[str], shown: Shown) -> str:
    """Columns of fixed widths; the last fills the terminal's width."""
    fixed = [_fit(place, 5), _fit(outcome, 12)]
    fixed += [_fit(text, width) for text, width in zip(cells, shown.widths, strict=False)]
    line = " ".join(fixed)
    return f"{line} {_cut(_plain(cells[-1]), out.width - cell_len(line) - 1)}"


def _fit(text: str, width: int) -> str:
    return set_cell_size(_cut(_plain(text), width), width)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)) + "…"


def _print_below(text: str) -> None:
    for line in text.splitlines():
        _print_wrapped(_plain(line), _INDENT, _INDENT)


def _print_wrapped(text: str, first: str = "", further: str = "  ") -> None:
    pieces = textwrap.wrap(
        text, max(out.width, 40), initial_indent=first, subsequent_indent=further, break_on_hyphens=False
    )
    for piece in pieces:
        _print(piece)


def _print(line: str, style: str | None = None) -> None:
    out.print(line, style=style, highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    """On one line; invisible and control characters are replaced by U+FFFD."""
    one = " ".join(text.split())
    return "".join("\ufffd" if is_invisible(sign) else sign for sign in one)


# --- sheets, skipped rows, totals ------------------------------------------------------------------------------------


def _sheets(sheets: Sequence[Report]) -> Iterator[str]:
    for sheet in sheets:
        if sheet["outcome"] != "read":
            continue
        of = f"Trang “{_plain(sheet['name'])}”: đọc" if sheet["name"] else "Đọc"
        yield f"{of} {sheet['rows']} dòng, tiêu đề cột ở dòng {sheet['heading_row']}."
        if sheet["ignored"]:
            yield f"  Cột không dùng: {_plain(', '.join(sheet['ignored']))}."
        yield from (f"  Lưu ý: {_plain(remark['detail'])}" for remark in sheet["remarks"])
    others = sorted(
        (sheet for sheet in sheets if sheet["outcome"] != "read"), key=lambda sheet: str(sheet["detail"])
    )
    for detail, alike in groupby(others, key=lambda sheet: str(sheet["detail"])):
        names = [f"“{_plain(sheet['name'])}”" for sheet in alike]
        why = _plain(detail).partition(". ")[0].rstrip(".")
        yield f"Không đọc trang {_first(names)}: {why[:1].lower()}{why[1:]}."


def _skipped(skipped: Sequence[Report], *, several: bool) -> Iterator[str]:
    for row in skipped:
        at = f"{_plain(row['sheet'])}!{row['number']}" if several else str(row["number"])
        line = f"{PASSED_OVER.vi} dòng {at}: {row['detail']} “"
        yield f"{line}{_cut(_plain(row['text']), max(out.width - cell_len(line) - 1, 10))}”"


def _missing(tasks: Sequence[Report]) -> Iterator[str]:
    if tasks:
        yield f"Đã nhập trước đây, tệp này không có ({len(tasks)}):"
    for task in tasks[:_LISTED]:
        at = ", ".join(filter(None, (task["annex"], task["ref"])))
        yield f"  {task['task_id']} {at}: {_cut(_plain(task['title']), _LONGEST)}"
    if len(tasks) > _LISTED:
        yield f"  … và {len(tasks) - _LISTED} nhiệm vụ khác (--json)"


def _first(names: Sequence[str]) -> str:
    more = f" và {len(names) - _LISTED} trang khác" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _show_totals(report: Report) -> None:
    counted = (
        ("accepted", "accepted"),
        ("refused", "refused"),
        ("unchanged", "unchanged"),
        ("question", "questions"),
    )
    parts = [f"{OUTCOMES[word].vi}: {report[name]}" for word, name in counted if name in report]
    _print("; ".join([*parts, f"{PASSED_OVER.vi}: {len(report['skipped'])}"]) + ".", "bold")
    if "amount" in report:
        recovered = report["recovered"]
        less = f", thu hồi {dong(recovered)} đồng" if recovered else ""
        _print(f"Tổng các dòng nhận: {dong(report['amount'])} đồng{less}.")


def _show_ending(report: Report, *, partial: bool) -> None:
    if report["dry_run"]:
        _print("Chạy thử: chưa ghi gì. / Dry run: nothing was written.")
    elif (report["refused"] or report.get("questions")) and not report["written"]:
        asked = report.get("questions")
        vi, en = (
            (", trả lời các dòng cần xác nhận (--answer)", ", answer the questions (--answer)")
            if asked
            else ("", "")
        )
        if not partial:
            vi, en = f"{vi}, hoặc thêm --partial", f"{en}, or add --partial"
        _print(f"Chưa ghi gì: sửa các dòng bị từ chối{vi}.")
        _print(f"Nothing was written: correct the refused rows{en}.")


def day_of(row: Report, name: str) -> str:
    return dmy(row[name]) if row[name] else ""
