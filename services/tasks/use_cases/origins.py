"""What an import is recognised by next time: where each task's row stood and what it said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.annexes.places import Place
from services.tasks.domain.annexes.recognition import (
    ALIKE,
    Answer,
    KnownTask,
    Origin,
    Recognised,
    Recognition,
)
from services.tasks.domain.imports import ReadRow
from services.tasks.tables import Document, Task
from services.tasks.tables import Origin as OriginRow
from shared.folding import fold

_CONTAINED = 95  # of 100: nearly all words of the shorter title stand in the longer
_FEWEST = 4  # words of the shorter title, below which containing it says little
_TOGETHER = 2_000  # rows of one statement: the driver's protocol allows 32,767 values


@dataclass(frozen=True, slots=True)
class Read:
    """A row's origin to keep: the task it is, under which reference."""

    task_id: UUID
    origin: Origin
    ref: str | None


async def lock_document(session: AsyncSession, code: str) -> None:
    """One import of a document at a time: each must see what the other brought."""
    await session.execute(select(Document.code).where(Document.code == code).with_for_update(key_share=True))


async def known_tasks(session: AsyncSession, programme: str, document: str) -> list[KnownTask]:
    """What earlier imports of the document brought, in the order of their recording."""
    found = await session.execute(
        select(OriginRow)
        .join(Task, Task.id == OriginRow.task_id)
        .where(OriginRow.document_code == document, Task.programme_code == programme)
        .order_by(OriginRow.recorded_at, OriginRow.task_id)
    )
    return [
        KnownTask(
            row.task_id,
            Origin(Place(row.annex, tuple(row.section), row.number), row.title, row.digest),
            row.ref,
        )
        for row in found.scalars()
    ]


def recognise(
    rows: Sequence[ReadRow], known: Sequence[KnownTask], answers: Mapping[int, Answer | UUID]
) -> tuple[list[Recognised], list[KnownTask]]:
    """What each row is, and the tasks that the file no longer gives."""
    recognition = Recognition([row.origin for row in rows], known, answers, _likeness)
    return recognition.run(), recognition.missing()


def _likeness(text: str, others: Sequence[str]) -> list[tuple[float, int]]:
    words = fold(text)
    spelled = process.extract(words, others, scorer=token_sort_ratio, score_cutoff=ALIKE, limit=10)
    found = {place: score for _, score, place in spelled}
    if len(words.split()) >= _FEWEST:
        inside = process.extract(words, others, scorer=token_set_ratio, score_cutoff=_CONTAINED, limit=10)
        for other, _, place in inside:
            if len(other.split()) >= _FEWEST:
                found[place] = max(found.get(place, 0), float(ALIKE))
    return sorted(((score, place) for place, score in found.items()), key=lambda item: -item[0])


async def keep_origins(session: AsyncSession, document: str, read: Sequence[Read], *, at: datetime) -> None:
    """Record where the rows of tasks stand now; what was known before of the same tasks is replaced."""
    rows = [
        {
            "task_id": each.task_id,
            "document_code": document,
            "annex": each.origin.place.annex,
            "section": list(each.origin.place.section),
            "number": each.origin.place.number,
            "ref": each.ref,
            "title": each.origin.title,
            "digest": each.origin.digest,
            "recorded_at": at,
        }
        for each in read
    ]
    for start in range(0, len(rows), _TOGETHER):
        statement = insert(OriginRow).values(rows[start : start + _TOGETHER])
        told = {
            name: statement.excluded[name]
            for name in ("annex", "section", "number", "ref", "title", "digest")
        }
        await session.execute(
            statement.on_conflict_do_update(index_elements=["task_id", "document_code"], set_=told)
        )
