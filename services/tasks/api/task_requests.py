"""Requests about tasks, converted to the arguments of use cases and queries."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.api.dependencies import CodeFilter, ManagedChange
from services.tasks.domain.assignments import NewAssignment, Role
from services.tasks.domain.deadlines import read_deadline
from services.tasks.domain.groups import require_members
from services.tasks.domain.status import Status
from services.tasks.domain.tasks import Amendment, NewCitation, NewTask
from services.tasks.queries.places import PlaceInList
from services.tasks.schemas.fields import Day
from services.tasks.schemas.tasks import AssignmentIn, CitationIn, TaskChange, TaskIn
from services.tasks.use_cases.documents import require_document
from services.tasks.use_cases.groups import members_of
from shared.document_numbers import normal_form
from shared.errors import InvalidInput
from shared.events import tasks as events
from shared.http.pagination import decode_after, small
from shared.runtime.clock import local_date
from shared.runtime.database import AnyRow
from shared.text.folding import search_words

_NO_DATE = "-"  # in a cursor, for a last row without a due date
WORDS = ("title", "deliverable", "priority")


async def new_task(change: ManagedChange, body: TaskIn) -> NewTask:
    issued_on = None
    if body.citations:
        code = body.citations[0].document_code
        issued_on = (await require_document(change.session, code, "citations.0.document_code")).issued_on
    reading = read_deadline(
        body.deadline_text, issued_on, before_includes_day=change.rules.before_includes_day
    )
    assigned_on = body.assigned_on or issued_on or local_date(change.at)
    assignments, titles = await _assignments(change.session, body.assignments, assigned_on)
    return NewTask(
        title=body.title,
        programme_code=body.programme,
        standing=body.kind == "standing" if body.kind else reading.standing,
        reading=reading,
        deliverable=body.deliverable,
        priority=body.priority,
        assignments=assignments,
        citations=_citations(body.citations),
        assigned_on=assigned_on,
        members=tuple(titles),
        titles=titles,
    )


async def amendment(change: ManagedChange, body: TaskChange) -> Amendment:
    reading = assignments = None
    if body.deadline_text is not None:
        reading = read_deadline(body.deadline_text, before_includes_day=change.rules.before_includes_day)
    if body.assignments is not None:
        _require_agency_leads(body.assignments)
        assignments, _ = await _assignments(change.session, body.assignments, local_date(change.at))
    words = {name: getattr(body, name) for name in WORDS if name in body.model_fields_set}
    return Amendment(words, reading, assignments, _citations(body.citations))


def _citations(wanted: tuple[CitationIn, ...]) -> tuple[NewCitation, ...]:
    """Citations without repetitions, in the order of the request."""
    return tuple(dict.fromkeys(NewCitation(item.document_code, item.clause) for item in wanted))


async def _assignments(
    session: AsyncSession, wanted: tuple[AssignmentIn, ...], day: date
) -> tuple[tuple[NewAssignment, ...], dict[str, str]]:
    """The assignments to agencies, and the members of the groups that lead, each with its head's title.

    A group in another role gives an assignment to each of its members.
    """
    direct = [
        NewAssignment(item.agency_code, Role(item.role), item.position, item.unit)
        for item in wanted
        if item.agency_code
    ]
    leading_groups = [item for item in wanted if item.group_code and item.role == "lead"]
    for item in wanted:
        if item.group_code and item.role != "lead":
            members = await _members(session, item.group_code, day)
            direct += [NewAssignment(member, Role(item.role), item.position, item.unit) for member in members]
    titles: dict[str, str] = {}
    for item in leading_groups:
        members = await _members(session, item.group_code or "", day)
        titles |= dict.fromkeys(members, item.position or "")
    return tuple(direct), dict(sorted(titles.items()))


async def _members(session: AsyncSession, group_code: str, day: date) -> tuple[str, ...]:
    members = await members_of(session, [group_code], day)
    require_members(members, [group_code], day, "assignments")
    return members


def _require_agency_leads(wanted: tuple[AssignmentIn, ...]) -> None:
    """Refuse to give a recorded task to a group: its members would need tasks of their own."""
    for place, item in enumerate(wanted):
        if item.group_code and item.role == "lead":
            raise InvalidInput(
                "group_cannot_lead",
                "Không chuyển nhiệm vụ đã giao cho một nhóm chủ trì: ghi một cơ quan chủ trì, hoặc hủy nhiệm vụ này rồi giao nhiệm vụ mới cho nhóm.",
                "A group cannot take over the lead of a task that was assigned: name one agency, or cancel this task and assign a new one to the group.",
                field=f"assignments.{place}.group_code",
            )


async def asked_filters(
    status: Annotated[list[Status] | None, Query(max_length=8, description="any of these")] = None,
    agency: CodeFilter = None,
    role: events.Role | None = None,
    document: CodeFilter = None,
    programme: CodeFilter = None,
    parent: Annotated[UUID | None, Query(description="only the members' tasks of this one")] = None,
    due_before: Day | None = None,
    due_after: Day | None = None,
    q: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            description="words of the title or deliverable or their beginnings, accents optional; whole words come first",
        ),
    ] = None,
) -> dict[str, Any]:
    """Filters of a list of tasks, combined with AND."""
    return {
        "status": [word.value for word in status or ()],
        "agency": agency,
        "role": role,
        "document": _number(document),
        "programme": _number(programme),
        "parent": parent,
        "due_before": due_before,
        "due_after": due_after,
        "words": search_words(q) if q else (),
    }


def _number(typed: str | None) -> str | None:
    """A number in its normal form; text that is no number is left as it is and matches nothing."""
    return typed and (normal_form(typed) or typed)


Filters = Annotated[dict[str, Any], Depends(asked_filters)]


def place_after(cursor: str | None) -> PlaceInList | None:
    """The place of the last row of the page before, by its cursor."""
    keys = decode_after(cursor, small, _due_date, UUID)
    return keys and PlaceInList(*keys)


def cursor_keys(place: PlaceInList) -> tuple[object, ...]:
    return place.rank, place.due_on or _NO_DATE, place.id


def place_of(row: AnyRow) -> PlaceInList:
    return PlaceInList(row.rank, row.due_on_now, row.id)


def _due_date(word: str) -> date | None:
    return None if word == _NO_DATE else date.fromisoformat(word)
