"""Recording programmes and documents, and finding them by number in any spelling."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.tasks import NewCitation
from services.tasks.tables import Document, Numbered, Programme
from services.tasks.use_cases.agencies import require_agencies
from shared.document_numbers import normal_form, number_similar, similar_form
from shared.errors import Conflict, InvalidInput
from shared.events import tasks as events
from shared.log.outbox import add_event
from shared.runtime.audit import Actor, add_audit

What = TypeVar("What", bound=Numbered)
_NAMED = 5  # similar numbers that one refusal names


async def find_numbered(session: AsyncSession, what: type[What], number: str) -> What | None:
    """The row whose number has the same normal form, or None."""
    return await session.scalar(select(what).where(what.normal_form == normal_form(number)))


async def require_document(session: AsyncSession, number: str, field: str = "document_code") -> Document:
    document = await find_numbered(session, Document, number)
    if document is None:
        vi, en = _nearest(await _similar(session, Document, number))
        raise InvalidInput(
            "document_unknown",
            f"Chưa có văn bản số {number}{vi}: ghi văn bản trước tại /tasks/v1/documents.",
            f"There is no document {number}{en}: record it first at /tasks/v1/documents.",
            field=field,
        )
    return document


async def require_programme(session: AsyncSession, number: str) -> Programme:
    programme = await find_numbered(session, Programme, number)
    if programme is None:
        vi, en = _nearest(await _similar(session, Programme, number))
        raise InvalidInput(
            "programme_unknown",
            f"Chưa có chương trình {number}{vi}: ghi trước tại /tasks/v1/programmes.",
            f"There is no programme {number}{en}: record it first at /tasks/v1/programmes.",
            field="programme",
        )
    return programme


async def as_recorded(session: AsyncSession, citations: Iterable[NewCitation]) -> tuple[NewCitation, ...]:
    """Citations with their documents' numbers as these were recorded, each once."""
    found: dict[NewCitation, None] = {}
    for citation in citations:
        document = await require_document(session, citation.document_code, "citations")
        found[replace(citation, document_code=document.code)] = None
    return tuple(found)


async def record_programme(
    session: AsyncSession,
    state: events.ProgrammeRecorded,
    actor: Actor,
    at: datetime,
    *,
    similar_is_meant: bool = False,
) -> None:
    """Raises Conflict code_exists, number_similar."""
    await _require_new(session, Programme, state.code, "Chương trình", "Programme", meant=similar_is_meant)
    session.add(Programme(code=state.code, title=state.title, **_forms(state.code), recorded_at=at))
    await session.flush()
    await add_event(session, state, version=1, at=at)
    await add_audit(session, actor, "record", "programme", state.code, at=at, title=state.title)


async def record_document(
    session: AsyncSession,
    state: events.DocumentRecorded,
    actor: Actor,
    at: datetime,
    *,
    similar_is_meant: bool = False,
) -> None:
    """Raises Conflict code_exists, number_similar; InvalidInput agency_unknown."""
    await _require_new(session, Document, state.code, "Văn bản", "Document", meant=similar_is_meant)
    if state.issuer_code is not None:
        await require_agencies(session, [state.issuer_code], "issuer_code")
    session.add(Document(**state.model_dump(), **_forms(state.code), recorded_at=at))
    await session.flush()
    await add_event(session, state, version=1, at=at)
    await add_audit(session, actor, "record", "document", state.code, at=at, title=state.title)


def _forms(number: str) -> dict[str, str]:
    return {"normal_form": normal_form(number), "similar_form": similar_form(number)}


async def _require_new(
    session: AsyncSession, what: type[Numbered], number: str, vi: str, en: str, *, meant: bool
) -> None:
    """Refuse a number that is recorded, and one that is similar unless it is meant."""
    # similar numbers wait for each other: each sees those before it
    key = f"{what.__name__}:{similar_form(number)}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    if recorded := await find_numbered(session, what, number):
        raise Conflict(
            "code_exists",
            f"{vi} {number} đã ghi với số {recorded.code}: đọc bản đã ghi, hoặc dùng số khác.",
            f"{en} {number} is recorded already, as {recorded.code}: read the one recorded, or use another number.",
            field="code",
            recorded=recorded.code,
        )
    if not meant and (similar := await _similar(session, what, number)):
        raise number_similar(number, similar, "code")


async def _similar(session: AsyncSession, what: type[Numbered], number: str) -> list[str]:
    wanted = select(what.code).where(what.similar_form == similar_form(number)).order_by(what.code)
    return list(await session.scalars(wanted.limit(_NAMED)))


def _nearest(similar: list[str]) -> tuple[str, str]:
    named = ", ".join(similar)
    return (f" (đã ghi số gần giống: {named})", f" (similar: {named})") if similar else ("", "")
