"""Reading one row of a list into a registration with a declaration, and its problems."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from services.datasets.domain.databases import CODE_RULE_EN, CODE_RULE_VI, Kind, is_code
from services.datasets.domain.days import EARLIEST
from services.datasets.domain.declarations import Connection, Phase
from services.datasets.domain.observation import LONGEST_SECONDS, SHORTEST_PERIOD_SECONDS
from shared.imports.day_cells import read_day_cell
from shared.imports.rows import Problem, text_problems
from shared.naming.lookup import Found, Meaning
from shared.naming.refusals import name_problem
from shared.text.folding import fold

KINDS = {
    "quoc gia": Kind.NATIONAL, "csdl quoc gia": Kind.NATIONAL, "co so du lieu quoc gia": Kind.NATIONAL,
    "chuyen nganh": Kind.SECTOR, "csdl chuyen nganh": Kind.SECTOR, "co so du lieu chuyen nganh": Kind.SECTOR,
    "nen tang": Kind.PLATFORM, "nen tang so": Kind.PLATFORM, "nen tang so dung chung": Kind.PLATFORM,
    "he thong": Kind.SYSTEM, "he thong tthc": Kind.SYSTEM, "he thong thong tin tthc": Kind.SYSTEM,
    "he thong giai quyet tthc": Kind.SYSTEM, **{kind.value: kind for kind in Kind},
}  # fmt: skip
PHASES = {
    "chua co": Phase.NONE, "khong co": Phase.NONE, "co ke hoach": Phase.PLANNED, "du kien": Phase.PLANNED,
    "da co ke hoach": Phase.PLANNED, "dang xay dung": Phase.BUILDING, "xay dung": Phase.BUILDING,
    "dang van hanh": Phase.OPERATING, "van hanh": Phase.OPERATING, "da van hanh": Phase.OPERATING,
    **{phase.value: phase for phase in Phase},
}  # fmt: skip
CONNECTIONS = {
    "chua ket noi": Connection.NONE, "khong ket noi": Connection.NONE, "thu nghiem": Connection.TESTING,
    "dang thu nghiem": Connection.TESTING, "kiem thu": Connection.TESTING, "da ket noi": Connection.CONNECTED,
    "ket noi": Connection.CONNECTED, "da dong bo": Connection.SYNCHRONISED, "dong bo": Connection.SYNCHRONISED,
    **{connection.value: connection for connection in Connection},
}  # fmt: skip
LIMITS = {"code": 64, "name": 500, "legal_basis": 500, "owner": 500}


@dataclass(slots=True)
class ReadRow:
    """A row as read. With a problem it is refused. An empty cell is None."""

    number: int
    code: str
    name: str
    kind: str | None = None
    owner_code: str | None = None
    legal_basis: str | None = None
    phase: str | None = None
    ndc_connection: str | None = None
    effective_on: date | None = None
    period_seconds: int | None = None
    grace_seconds: int | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Parameters of reading a list: `today` is the latest day accepted; `month_first` as for `read_day_cell`."""

    today: date
    month_first: bool


def understand(number: int, values: Mapping[str, str], owner: Meaning | None, how: Reading) -> ReadRow:
    """Read a row; `owner` is the match of its owner's cell, None where that is empty or was not found."""
    row = ReadRow(number, values.get("code", ""), values.get("name", ""))
    row.problems += _text_problems(values)
    row.legal_basis = values.get("legal_basis") or None
    row.kind = _word(row, values, "kind", KINDS)
    row.phase = _word(row, values, "phase", PHASES)
    row.ndc_connection = _word(row, values, "ndc_connection", CONNECTIONS)
    _read_day(row, values.get("effective_on", ""), how)
    _read_expectation(row, values)
    if isinstance(owner, Found) and owner.kind == "agency":
        row.owner_code = owner.codes[0]
    elif values.get("owner"):
        row.problems.append(name_problem("owner", values["owner"], owner))
    return row


def _text_problems(values: Mapping[str, str]) -> list[Problem]:
    found = text_problems(
        values,
        required=("code", "name", "kind", "owner"),
        limits=LIMITS,
        plain=[name for name in LIMITS if name != "code"],  # that of a code has its own rule
    )
    if values.get("code") and not is_code(values["code"]):
        found.append(Problem("code", "code_invalid", CODE_RULE_VI, CODE_RULE_EN))
    return found


def _word(row: ReadRow, values: Mapping[str, str], name: str, words: Mapping[str, str]) -> str | None:
    text = values.get(name, "")
    if not text:
        return None
    word = words.get(fold(text))
    if word is None:
        listed = ", ".join(dict.fromkeys(words.values()))
        row.problems.append(
            Problem(
                name,
                "word_unknown",
                f"Không hiểu “{text}”: ghi một trong {listed}.",
                f"“{text}” means nothing here: write one of {listed}.",
            )
        )
        return None
    return str(word)


def _read_day(row: ReadRow, text: str, how: Reading) -> None:
    """The day from which the row's declaration holds; a row that declares nothing needs none."""
    if text:
        name = "effective_on"
        found = read_day_cell(name, text, month_first=how.month_first, earliest=EARLIEST, today=how.today)
        if isinstance(found, Problem):
            row.problems.append(found)
        else:
            row.effective_on = found
    elif row.phase or row.ndc_connection:
        row.problems.append(
            Problem(
                "effective_on",
                "day_required",
                "Có khai báo thì phải có ngày hiệu lực.",
                "A declaration needs the day from which it holds.",
            )
        )


def _read_expectation(row: ReadRow, values: Mapping[str, str]) -> None:
    """Read period and grace in seconds: both None in a row without them; the grace is 0 by default."""
    period, grace = values.get("period_seconds", ""), values.get("grace_seconds", "")
    if not period and not grace:
        return
    row.period_seconds = _read_seconds(row, "period_seconds", period, at_least=SHORTEST_PERIOD_SECONDS)
    row.grace_seconds = _read_seconds(row, "grace_seconds", grace, at_least=0) if grace else 0


def _read_seconds(row: ReadRow, name: str, text: str, *, at_least: int) -> int | None:
    if re.fullmatch(r"[0-9]{1,8}", text) and at_least <= int(text) <= LONGEST_SECONDS:
        return int(text)
    row.problems.append(
        Problem(
            name,
            "seconds_invalid",
            f"Ghi số giây nguyên, không dấu phân cách, từ {at_least} đến {LONGEST_SECONDS}.",
            f"Write whole seconds without separators, {at_least} to {LONGEST_SECONDS}.",
        )
    )
    return None
