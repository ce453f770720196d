"""Matching the rows of an annex with the tasks of earlier imports.

A row is recognised by what identifies it in the document: annex, sections and number, and by its words when these moved.
A row that may be an old one under a new number becomes a question to the office.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from services.tasks.domain.annexes.places import Place, annex_key
from shared.text.folding import fold

ALIKE = (
    70  # of 100: a row whose words were touched up; of 110 duties of two real annexes 10 are as like another
)
ALIKE_ELSEWHERE = 95  # in another annex, where duties are alike on purpose
MAX_COMPARED = 2_000_000  # pairs of titles, about 20 s
MAX_CANDIDATES = 5

Likeness = Callable[
    [str, Sequence[str]], Sequence[tuple[float, int]]
]  # a text, folded others -> (of 100, which), best first


class Answer(StrEnum):
    """The office's answer to a question about a row, other than the id of a task."""

    NEW = "new"


@dataclass(frozen=True, slots=True)
class Origin:
    """The place in the document at which a task was read, its title, and a digest of its words; equal digests, equal words."""

    place: Place
    title: str
    digest: str


@dataclass(frozen=True, slots=True)
class KnownTask:
    id: UUID
    origin: Origin
    ref: str | None = None


class Verdict(StrEnum):
    NEW = "new"
    SAME = "same"
    CHANGED = "changed"
    QUESTION = "question"
    REPEATED = "repeated"
    ANSWER_WRONG = "answer_wrong"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The result for a row.

    Attributes:
        task: the task that it is, or that it changes.
        candidates: tasks that it may be.
        first: index of the row that it repeats.
    """

    verdict: Verdict
    task: KnownTask | None = None
    candidates: tuple[KnownTask, ...] = ()
    first: int = 0


@dataclass(slots=True)
class Recognition:
    """Matches rows with tasks, by the surest rule first; a task matches one row at most.

    Attributes:
        rows: in the order of the file; None for one that could not be read.
        known: tasks from earlier imports of the document.
        answers: by index of the row, NEW or the id of a task.
        likeness: compares titles.
    """

    rows: Sequence[Origin | None]
    known: Sequence[KnownTask]
    answers: Mapping[int, Answer | UUID] = field(default_factory=dict)
    likeness: Likeness = lambda _, __: ()
    _found: dict[int, Recognised] = field(default_factory=dict)
    _taken: set[UUID] = field(default_factory=set)

    def run(self) -> list[Recognised]:
        """One result per row."""
        self._refuse_repeated()
        self._take_answers()
        self._pair_repeated()
        self._pair(_place)
        self._pair(lambda origin: annex_key(origin.place.annex))
        self._pair(lambda origin: origin.place.key)
        self._pair(lambda _: None)
        self._settle()
        return [self._found.get(index, Recognised(Verdict.NEW)) for index in range(len(self.rows))]

    def missing(self) -> list[KnownTask]:
        """Tasks of the file's annexes that no row matches."""
        annexes = {annex_key(row.place.annex) for row in self.rows if row is not None}
        everywhere = "" in annexes
        annexes.add("")
        matched = self._taken | {each.id for found in self._found.values() for each in found.candidates}
        matched |= {found.task.id for found in self._found.values() if found.task}
        return [
            task
            for task in self.known
            if task.id not in matched and (everywhere or annex_key(task.origin.place.annex) in annexes)
        ]

    # --- steps ---------------------------------------------------------------------------------------------------

    def _refuse_repeated(self) -> None:
        """A number occurs once in its section; rows without one are distinguished by their words."""
        first: dict[Hashable, int] = {}
        for index, row in self._open_rows():
            mark = _place(row) if row.place.number else (*_place(row), row.digest)
            if mark in first:
                self._found[index] = Recognised(Verdict.REPEATED, first=first[mark])
            first.setdefault(mark, index)

    def _take_answers(self) -> None:
        tasks = {task.id: task for task in self.known}
        for index, _ in self._open_rows():
            answer = self.answers.get(index)
            if answer is None or answer is Answer.NEW:
                continue
            task = tasks.get(answer) if isinstance(answer, UUID) else None
            if task is None or task.id in self._taken:
                self._found[index] = Recognised(Verdict.ANSWER_WRONG)
            else:
                self._take(index, task)

    def _pair_repeated(self) -> None:
        """Match words that occur more than once in an annex by place, or else by section.

        Each row becomes a question unless one set of places contains the other, or the sections are the same.
        """
        for rows, tasks in self._groups(lambda origin: annex_key(origin.place.annex)):
            if len(rows) == len(tasks) == 1 or not tasks:
                continue
            same = _by_number(rows, tasks) or _by_section(rows, tasks)
            for index, _ in rows if same else ():
                if (task := same.get(index)) is not None:
                    self._take(index, task)
            if not same:
                for index, _ in rows:
                    self._ask(index, tasks)

    def _pair(self, place: Callable[[Origin], Hashable]) -> None:
        """Match a row and a task of the same words and `place`, where there is one of each.

        An annex without a name matches any; two with different names never match.
        """
        for rows, tasks in self._groups(place):
            if len(rows) == len(tasks) == 1 and _may_be_one_annex(rows[0][1], tasks[0].origin):
                self._take(rows[0][0], tasks[0])

    def _groups(
        self, place: Callable[[Origin], Hashable]
    ) -> list[tuple[list[tuple[int, Origin]], list[KnownTask]]]:
        """The open rows grouped by place and digest, each group with its open tasks."""
        rows: dict[Hashable, list[tuple[int, Origin]]] = defaultdict(list)
        tasks: dict[Hashable, list[KnownTask]] = defaultdict(list)
        for index, row in self._open_rows():
            rows[place(row), row.digest].append((index, row))
        for task in self._open_tasks():
            tasks[place(task.origin), task.origin.digest].append(task)
        return [(together, tasks.get(mark, [])) for mark, together in rows.items()]

    def _settle(self) -> None:
        """Compare open rows with open tasks: same place and similar title is a change, one of them a question."""
        left = list(self._open_tasks())
        at = {_place(task.origin): task for task in left if task.origin.place.number}
        titles = [fold(task.origin.title) for task in left]
        compared = 0
        for index, row in list(self._open_rows()):
            standing = at.get(_place(row)) if row.place.number else None
            compared += len(titles)
            if self.answers.get(index) is Answer.NEW:
                continue
            if compared > MAX_COMPARED:
                self._ask(index, ())
                continue
            alike = [
                left[which]
                for score, which in self.likeness(row.title, titles)
                if score >= (ALIKE if _may_be_one_annex(row, left[which].origin) else ALIKE_ELSEWHERE)
            ]
            if standing is not None and standing in alike:
                self._found[index] = Recognised(Verdict.CHANGED, standing)
            elif candidates := [*([standing] if standing else []), *alike]:
                self._ask(index, candidates)

    def _ask(self, index: int, candidates: Iterable[KnownTask]) -> None:
        if self.answers.get(index) is Answer.NEW:
            self._found[index] = Recognised(Verdict.NEW)
        else:
            several = tuple({task.id: task for task in candidates}.values())[:MAX_CANDIDATES]
            self._found[index] = Recognised(Verdict.QUESTION, candidates=several)

    def _take(self, index: int, task: KnownTask) -> None:
        self._taken.add(task.id)
        self._found[index] = Recognised(Verdict.SAME, task)

    def _open_rows(self) -> Iterable[tuple[int, Origin]]:
        return ((n, row) for n, row in enumerate(self.rows) if row is not None and n not in self._found)

    def _open_tasks(self) -> Iterable[KnownTask]:
        return (task for task in self.known if task.id not in self._taken)


Rows = Sequence[tuple[int, Origin]]


def _by_number(rows: Rows, tasks: Sequence[KnownTask]) -> dict[int, KnownTask]:
    """Rows and the tasks of their places, where no place repeats and one side has all those of the other."""
    at = {task.origin.place.key: task for task in tasks}
    wanted = {row.place.key: index for index, row in rows}
    clear = (
        len(at) == len(tasks)
        and len(wanted) == len(rows)
        and (at.keys() <= wanted.keys() or wanted.keys() <= at.keys())
    )
    return {wanted[key]: task for key, task in at.items() if key in wanted} if clear else {}


def _by_section(rows: Rows, tasks: Sequence[KnownTask]) -> dict[int, KnownTask]:
    """Rows and the tasks of their sections, where each section has one and both sides have the same sections."""
    at = {task.origin.place.key[0]: task for task in tasks}
    wanted = {row.place.key[0]: index for index, row in rows}
    clear = len(at) == len(tasks) and len(wanted) == len(rows) and at.keys() == wanted.keys()
    return {wanted[key]: task for key, task in at.items()} if clear else {}


def _place(origin: Origin) -> tuple[Hashable, ...]:
    return annex_key(origin.place.annex), *origin.place.key


def renamed(known: Iterable[KnownTask], was: str, now: str) -> list[KnownTask]:
    """The tasks with the annex `was` renamed to `now`."""
    old = annex_key(was)
    return [
        replace(task, origin=replace(task.origin, place=replace(task.origin.place, annex=now)))
        if annex_key(task.origin.place.annex) == old
        else task
        for task in known
    ]


def _may_be_one_annex(row: Origin, known: Origin) -> bool:
    one, other = annex_key(row.place.annex), annex_key(known.place.annex)
    return one == other or not one or not other
