"""The office's answers to questions about rows: in a column of the file, or in the request."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from services.tasks.domain.annexes.recognition import Answer
from shared.errors import InvalidInput
from shared.imports.rows import Problem
from shared.text.folding import fold

_NEW = {"moi", "new", "nhiem vu moi", "viec moi"}


def read_answer(text: str) -> tuple[Answer | UUID | None, Problem | None]:
    """Parse an answer to a question about a row: "mới" or the id of a task; else a Problem."""
    if not text:
        return None, None
    if fold(text) in _NEW:
        return Answer.NEW, None
    try:
        return UUID(text.strip()), None
    except ValueError:
        return None, Problem(
            "answer",
            "answer_invalid",
            f"Không hiểu xác nhận “{text[:60]}”: ghi “mới” nếu là nhiệm vụ mới, hoặc mã của nhiệm vụ đã có.",
            f'"{text[:60]}" is no answer: write "mới" for a new task, or the id of the task that it is.',
        )


def answers_by_row(answers: Mapping[str, str], rows: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Answers by sheet and row, from "12" or "PL II!12". Raises InvalidInput answer_row_unknown."""
    if not answers:
        return {}
    numbered: dict[str, list[tuple[str, int]]] = defaultdict(list)
    named: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for row in rows:
        numbered[str(row[1])].append(row)
        named[row[0], str(row[1])].append(row)
    found: dict[tuple[str, int], str] = {}
    for where, answer in answers.items():
        sheet, separator, number = where.rpartition("!")
        same = named.get((sheet, number.strip())) if separator else numbered.get(number.strip())
        if not same or len(same) > 1:
            raise _row_unknown(where)
        found[same[0]] = answer
    return found


def _row_unknown(where: str) -> InvalidInput:
    return InvalidInput(
        "answer_row_unknown",
        f"Không xác định được dòng “{where[:60]}” của xác nhận: ghi số dòng, hoặc trang!dòng khi tệp có nhiều trang.",
        f"The answer's row \"{where[:60]}\" cannot be told: write the row's number, or sheet!row where the file has several.",
        field="answers",
    )
