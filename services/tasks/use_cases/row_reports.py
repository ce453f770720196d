"""Judging the rows of an annex: the task that each becomes or is, or the reason of its refusal or question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID, uuid5

from services.tasks.domain.annexes.places import annex_key
from services.tasks.domain.annexes.recognition import KnownTask, Recognised, Verdict
from services.tasks.domain.assignments import check_assignments
from services.tasks.domain.groups import require_members
from services.tasks.domain.imports import ReadRow
from services.tasks.domain.tasks import NewCitation, NewTask
from services.tasks.use_cases.annexes import Source
from services.tasks.use_cases.origins import RowOrigin
from services.tasks.use_cases.tasks import of_member
from shared.errors import Refusal, TooLarge
from shared.imports.rows import Problem, guarded

Outcome = Literal["accepted", "refused", "unchanged", "question"]
MAX_TASKS = 200_000  # of one file, those of groups' members included: about two minutes of preparing
_SHOWN = 80  # characters of a title in a sentence
_IMPORTED = UUID("6f1d2f0e-57a4-5c57-8e57-2d3a1b5c0957")  # namespace of the ids of imported tasks


@dataclass(slots=True)
class RowReport:
    """The report of one row."""

    sheet: str
    row: int
    ref: str | None
    title: str
    outcome: Outcome
    task_id: UUID | None = None
    members: int = 0
    kind: Literal["dated", "standing"] | None = None
    due_on: date | None = None
    flags: list[str] = field(default_factory=list)
    unread_words: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    order_no: str = ""
    annex: str = ""
    candidates: tuple[KnownTask, ...] = ()
    moved_from: str | None = None


@dataclass
class RowJudge:
    """Decides row by row, in the file's order, and keeps the tasks of those accepted."""

    source: Source
    members: Mapping[tuple[str, ...], tuple[str, ...]]
    used: set[UUID]
    rows: Sequence[ReadRow]
    accepted: list[NewTask] = field(default_factory=list)
    learned: list[RowOrigin] = field(default_factory=list)
    first_of: dict[str, ReadRow] = field(default_factory=dict)  # by digest, the first row with these words
    count: int = 0

    def reports(self, recognised: Sequence[Recognised]) -> list[RowReport]:
        return [self._guarded(row, found) for row, found in zip(self.rows, recognised, strict=True)]

    def _guarded(self, row: ReadRow, found: Recognised) -> RowReport:
        return guarded(row.number, lambda: self._report(row, found), lambda problem: _failed(row, problem))

    def _report(self, row: ReadRow, found: Recognised) -> RowReport:
        report = _begun(row)
        report.candidates = found.candidates
        first = self.first_of.setdefault(row.digest, row) if row.digest else row
        if found.verdict is Verdict.NEW and first is not row and row.answer is None:
            report.warnings.append(_words_repeated(first))
        match found.verdict:
            case Verdict.REPEATED:
                report.problems.append(_repeated(self.rows[found.first].number))
            case Verdict.CHANGED if found.task:
                report.task_id = found.task.id
                report.problems.append(_changed(found.task.id))
            case Verdict.ANSWER_WRONG:
                report.problems.append(_answer_wrong(row))
            case Verdict.QUESTION:
                report.outcome = "refused" if report.problems else "question"
                report.problems.append(_asked(row, found.candidates))
            case Verdict.SAME if found.task:
                self._same(row, found.task, report)
            case Verdict.NEW if not report.problems:
                self._accept(row, report)
        return report

    def _same(self, row: ReadRow, task: KnownTask, report: RowReport) -> None:
        report.task_id = task.id
        if report.problems:
            return
        report.outcome = "unchanged"
        if row.origin is None or row.origin == task.origin:
            return
        self.learned.append(RowOrigin(task.id, row.origin, row.ref))
        if row.origin.place != task.origin.place:
            report.moved_from = ", ".join(filter(None, (task.origin.place.annex, task.ref))) or None
        if row.origin.digest != task.origin.digest:
            report.warnings.append(_words_differ(task.id))

    def _accept(self, row: ReadRow, report: RowReport) -> None:
        try:
            new = self._task(row)
        except Refusal as refusal:  # nothing was written yet
            name = refusal.field or "row"
            report.problems.append(Problem(name, refusal.code, refusal.vi, refusal.en))
            return
        self.count += 1 + len(new.members)
        if self.count > MAX_TASKS:
            raise _too_many_tasks(row.number)
        report.outcome = "accepted"
        report.task_id = new.id
        report.members = len(new.members)
        self.accepted.append(new)
        if row.origin is not None and new.id is not None:
            self.learned.append(RowOrigin(new.id, row.origin, row.ref))

    def _task(self, row: ReadRow) -> NewTask:
        titles = dict(row.assigned.listed)
        for codes, title in row.assigned.groups:
            require_members(self.members[codes], codes, self.source.issued_on, "lead_text")
            titles = dict.fromkeys(self.members[codes], title) | titles
        members = tuple(titles) if len(titles) > 1 else ()
        assignments = row.assigned.assignments
        if len(titles) == 1:  # a group of one is simply its member
            [(member, title)] = titles.items()
            assignments = of_member(member, title, assignments)
        check_assignments(assignments, members)
        return NewTask(
            title=row.title,
            programme_code=self.source.programme_code,
            standing=row.standing,
            reading=row.reading,
            deliverable=row.deliverable,
            priority=row.priority,
            assignments=assignments,
            citations=(NewCitation(self.source.document_code, row.ref),),
            assigned_on=self.source.issued_on,
            members=members,
            titles=titles,
            lead_text=row.lead_text,
            coordinate_text=row.coordinate_text,
            id=self._id_of(row),
        )

    def _id_of(self, row: ReadRow) -> UUID:
        """UUID version 5 of place and digest, so that a dry run and the real run give the same."""
        section, number = row.place.key
        words = (self.source.scope, annex_key(row.place.annex), *section, number, row.digest)
        drawn = uuid5(_IMPORTED, "\x1f".join(words))
        while drawn in self.used:  # by a row that was here before and moved
            drawn = uuid5(drawn, "")
        self.used.add(drawn)
        return drawn


def _begun(row: ReadRow) -> RowReport:
    """The report of a row before it is judged; the outcome is "refused" until it is accepted."""
    return RowReport(
        row.sheet,
        row.number,
        row.ref,
        row.title,
        "refused",
        kind="standing" if row.standing else "dated",
        due_on=row.reading.late_after,
        flags=[flag.value for flag in row.reading.flags],
        unread_words=list(row.reading.unread_words),
        problems=list(row.problems),
        warnings=list(row.warnings),
        order_no=row.order_no,
        annex=row.place.annex,
    )


def _failed(row: ReadRow, problem: Problem) -> RowReport:
    """The report of a row whose judging raised; nothing of it is written."""
    return RowReport(
        row.sheet,
        row.number,
        row.ref,
        row.title,
        "refused",
        problems=[problem],
        order_no=row.order_no,
        annex=row.place.annex,
    )


def _too_many_tasks(row: int) -> TooLarge:
    return TooLarge(
        "too_many_tasks",
        f"Tới dòng {row} tệp sinh hơn {MAX_TASKS} nhiệm vụ, tính cả thành viên các nhóm. Chia thành nhiều tệp.",
        f"Down to row {row} the file makes over {MAX_TASKS} tasks, groups' members included. Split it.",
        field="file",
    )


def _repeated(first: int) -> Problem:
    return Problem(
        "ref",
        "row_repeated",
        f"Trùng với dòng {first}: mỗi nhiệm vụ một dòng, số thứ tự không lặp.",
        f"The same as row {first}: one row per task, references do not repeat.",
    )


def _changed(task_id: UUID | None) -> Problem:
    return Problem(
        "ref",
        "row_changed",
        f"Dòng này đã nhập với nội dung khác (nhiệm vụ {task_id}): sửa nhiệm vụ đó, hoặc gia hạn nếu đổi thời hạn, rồi ghi "
        "mã nhiệm vụ vào cột Xác nhận (answers); nếu là nhiệm vụ khác, ghi “mới”.",
        f"This row was imported before with other words (task {task_id}): amend that task, or extend its deadline, then give "
        'its id as the answer (answers); for another task answer "new".',
    )


def _asked(row: ReadRow, candidates: Sequence[KnownTask]) -> Problem:
    here = annex_key(row.place.annex)
    elsewhere = {task.origin.place.annex for task in candidates if annex_key(task.origin.place.annex) != here}
    was = ", ".join(sorted(filter(None, elsewhere)))
    vi, en = (
        (
            f" Nếu cả phụ lục đã đổi tên, nêu tên cũ (annex_was): {was}.",
            f" Where the whole annex was renamed, name it as it was (annex_was): {was}.",
        )
        if was
        else ("", "")
    )
    listed = "; ".join(f"{task.id} ({task.ref or '-'}: {task.origin.title[:_SHOWN]})" for task in candidates)
    return Problem(
        "ref",
        "row_may_be_known",
        f"Dòng này có thể là nhiệm vụ đã nhập: {listed or 'quá nhiều dòng giống nhau'}. Ghi mã nhiệm vụ đó vào cột Xác nhận "
        f"(answers) nếu đúng, ghi “mới” nếu là nhiệm vụ mới.{vi}",
        f"This row may be a task imported before: {listed or 'too many rows are alike'}. Answer (answers) with its id if it "
        f'is, with "new" if it is a new task.{en}',
    )


def _answer_wrong(row: ReadRow) -> Problem:
    return Problem(
        "answer",
        "answer_task_unknown",
        f"Văn bản này chưa có nhiệm vụ {row.answer} nhập từ phụ lục, hoặc dòng khác đã nhận nhiệm vụ đó: kiểm tra mã.",
        f"No import of this document brought task {row.answer}, or another row is that task: check the id.",
    )


def _words_repeated(first: ReadRow) -> Problem:
    where = f"{first.number}, {first.sheet}" if first.sheet else f"{first.number}"
    return Problem(
        "title",
        "words_repeated",
        f"Nội dung, cơ quan và thời hạn giống hệt dòng {where}: nếu là cùng một nhiệm vụ thì bỏ một dòng, nếu không thì ghi "
        "“mới” vào cột Xác nhận (answers).",
        f"The words, agencies and deadline are those of row {where}: drop one if it is the same task, else answer “new” (answers).",
    )


def _words_differ(task_id: UUID) -> Problem:
    return Problem(
        "title",
        "words_differ",
        f"Đã ghi nhận là nhiệm vụ {task_id}; nội dung nhiệm vụ giữ như đã ghi: nếu cần, sửa nhiệm vụ hoặc gia hạn.",
        f"Taken for task {task_id}, whose words stay as recorded: amend it or extend its deadline where needed.",
    )
