"""Origins of imported tasks: the place and words of each task's row, by which it is recognised next time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.annexes.places import Place, annex_key
from services.tasks.domain.annexes.recognition import (
    ALIKE,
    Answer,
    KnownTask,
    Origin,
    Recognised,
    Recognition,
    renamed,
)
from services.tasks.domain.imports import ReadRow
from services.tasks.tables import Document, Task
from services.tasks.tables import Origin as OriginRow
from shared.errors import InvalidInput
from shared.runtime.staging import copy_rows
from shared.text.folding import fold

_CONTAINED = 95  # of 100: nearly all words of the shorter title are in the longer
_FEWEST = 4  # words of the shorter title; below, containing it is no evidence
_LISTED = 20  # annexes in a refusal


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """The origin of a task's row, with its reference."""

    task_id: UUID
    origin: Origin
    ref: str | None


async def lock_document(session: AsyncSession, code: str) -> None:
    """One import of a document at a time: each must see the tasks of the other."""
    await session.execute(select(Document.code).where(Document.code == code).with_for_update(key_share=True))


async def known_tasks(session: AsyncSession, programme: str, document: str) -> list[KnownTask]:
    """Tasks that earlier imports of the document created, in the order of recording."""
    row = OriginRow
    found = await session.execute(
        select(row.task_id, row.annex, row.section, row.number, row.title, row.digest, row.ref)
        .join(Task, Task.id == row.task_id)
        .where(row.document_code == document, Task.programme_code == programme)
        .order_by(row.recorded_at, row.task_id)
    )
    return [
        KnownTask(task_id, Origin(Place(annex, tuple(section), number), title, digest), ref)
        for task_id, annex, section, number, title, digest, ref in found
    ]


def recognise(
    rows: Sequence[ReadRow],
    known: Sequence[KnownTask],
    answers: Mapping[int, Answer | UUID],
    annex_was: str | None = None,
) -> tuple[list[Recognised], list[KnownTask]]:
    """The result for each row, and the tasks that the file no longer has; both with tasks as recorded.

    `annex_was`: the name of the rows' annex in the earlier import.
    """
    recorded = {task.id: task for task in known}
    now = rows[0].place.annex if rows else ""
    standing = known if annex_was is None else renamed(known, annex_was, now)
    recognition = Recognition([row.origin for row in rows], standing, answers, _likeness)
    found = [
        replace(
            each,
            task=recorded[each.task.id] if each.task else None,
            candidates=tuple(recorded[task.id] for task in each.candidates),
        )
        for each in recognition.run()
    ]
    return found, [recorded[task.id] for task in recognition.missing()]


def require_annex(known: Sequence[KnownTask], annex_was: str) -> None:
    """Raises InvalidInput annex_was_unknown where no task of the document was imported from an annex of that name."""
    annexes = {annex_key(task.origin.place.annex): task.origin.place.annex for task in known}
    if annex_key(annex_was) not in annexes:
        listed = ", ".join(f"“{name}”" for name in sorted(annexes.values())[:_LISTED] if name) or "∅"
        raise InvalidInput(
            "annex_was_unknown",
            f"Văn bản chưa có nhiệm vụ nào nhập từ “{annex_was}”; đã nhập từ: {listed}. Nếu phụ lục đã được nhập dưới tên mới, "
            "bỏ annex_was.",
            f'No import of the document brought tasks from "{annex_was}", but from: {listed}. Leave annex_was out where the '
            "annex was imported under its new name before.",
            field="annex_was",
        )


def _likeness(text: str, others: Sequence[str]) -> list[tuple[float, int]]:
    if not others:
        return []
    words = fold(text)
    spelled = process.extract(words, others, scorer=token_sort_ratio, score_cutoff=ALIKE, limit=10)
    found = {place: score for _, score, place in spelled}
    if len(words.split()) >= _FEWEST:
        inside = process.extract(words, others, scorer=token_set_ratio, score_cutoff=_CONTAINED, limit=10)
        for other, _, place in inside:
            if len(other.split()) >= _FEWEST:
                found[place] = max(found.get(place, 0), float(ALIKE))
    return sorted(((score, place) for place, score in found.items()), key=lambda item: -item[0])


_COLUMNS = ("task_id", "document_code", "annex", "section", "number", "ref", "title", "digest")
_CREATE = text(
    """
    CREATE TEMPORARY TABLE origins (task_id uuid, document_code text, annex text, section text[], number text, ref text,
                                    title text, digest text) ON COMMIT DROP
    """
)


async def stage_origins(session: AsyncSession, document: str, read: Sequence[RowOrigin]) -> None:
    """Stage the places of the rows of tasks for `write_origins`."""
    await session.execute(_CREATE)
    rows = (
        (each.task_id, document, each.origin.place.annex, list(each.origin.place.section), each.origin.place.number,
         each.ref, each.origin.title, each.origin.digest)
        for each in read
    )  # fmt: skip
    await copy_rows(session, "origins", _COLUMNS, rows)


# earlier origins of the same tasks are replaced
_WRITE = text(
    """
    INSERT INTO origins (task_id, document_code, annex, section, number, ref, title, digest, recorded_at)
    SELECT task_id, document_code, annex, section, number, ref, title, digest, CAST(:at AS timestamptz)
    FROM pg_temp.origins
    ON CONFLICT (task_id, document_code) DO UPDATE SET annex = excluded.annex, section = excluded.section,
        number = excluded.number, ref = excluded.ref, title = excluded.title, digest = excluded.digest
    """
)


async def write_origins(session: AsyncSession, *, at: datetime) -> None:
    """Write the staged origins; call it after their tasks are written."""
    await session.execute(_WRITE, {"at": at})
