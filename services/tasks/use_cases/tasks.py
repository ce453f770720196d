"""Assigning tasks: to an agency, or to a group and so to each of its members."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from sqlalchemy import ARRAY, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.domain.assignments import NewAssignment, Role, check_assignments
from services.tasks.domain.tasks import NewTask, check_assigned_on
from services.tasks.tables import Agency, Assignment, Citation, Document, Programme, Task
from services.tasks.use_cases.agencies import require_agencies
from services.tasks.use_cases.changes import project_tasks, record_created
from services.tasks.use_cases.deadlines import add_deadline
from services.tasks.use_cases.documents import as_recorded, require_programme
from shared.document_numbers import normal_form
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date
from shared.text.folding import fold

# what a new task refers to, looked up at once: its programme, agencies, and documents by their normal forms
_REFERENCES = select(
    select(Programme.code).where(Programme.normal_form == bindparam("programme")).scalar_subquery(),
    func.array(
        select(Agency.code)
        .where(Agency.code == func.any(bindparam("agencies", type_=ARRAY(Text))))
        .scalar_subquery(),
        type_=ARRAY(Text),
    ),
    select(func.jsonb_object_agg(Document.normal_form, Document.code))
    .where(Document.normal_form == func.any(bindparam("documents", type_=ARRAY(Text))))
    .scalar_subquery(),
)


async def create_task(session: AsyncSession, new: NewTask, *, actor: Actor, at: datetime) -> Task:
    """Assign a task; one given to a group becomes a parent with a task for each member."""
    check_assigned_on(new.assigned_on, local_date(at), "assigned_on")
    check_assignments(new.assignments, new.members)
    tasks = list(new_tasks(await _with_references(session, new), at=at))
    await record_created(session, tasks, actor=actor, at=at)
    await project_tasks(session, [task.id for task in tasks])
    return tasks[0]


def new_tasks(new: NewTask, *, at: datetime) -> Iterator[Task]:
    """The task as it will be recorded, then those of its members."""
    task = _new_task(new, new.id or uuid4(), parent=None, at=at)
    yield task
    each = replace(new, members=(), id=None)
    for member in new.members:
        own = replace(each, assignments=of_member(member, new.titles.get(member, ""), new.assignments))
        yield _new_task(own, uuid5(task.id, member), parent=task, at=at)


def of_member(member: str, title: str, shared: Sequence[NewAssignment]) -> tuple[NewAssignment, ...]:
    """Assignments of a member: lead, its head accountable where heads were named, the coordinators of the group."""
    head = (NewAssignment(member, Role.ACCOUNTABLE, title),) if title else ()
    return (NewAssignment(member, Role.LEAD), *head, *(item for item in shared if item.agency_code != member))


async def _with_references(session: AsyncSession, new: NewTask) -> NewTask:
    """The task with its programme's and documents' numbers as these were recorded."""
    agencies = {item.agency_code for item in new.assignments} | set(new.members)
    forms = [normal_form(item.document_code) for item in new.citations]
    asked = {
        "programme": normal_form(new.programme_code),
        "agencies": sorted(agencies),
        "documents": forms,
    }
    programme, known, documents = (await session.execute(_REFERENCES, asked)).one()
    # what is missing is looked up again by itself, to say what comes near it
    programme = programme or (await require_programme(session, new.programme_code)).code
    if not agencies <= set(known):
        await require_agencies(session, agencies, "assignments")
    if not set(forms) <= (documents or {}).keys():
        citations = await as_recorded(session, new.citations)
    else:
        cited = zip(new.citations, forms, strict=True)
        citations = tuple(dict.fromkeys(replace(each, document_code=documents[form]) for each, form in cited))
    return replace(new, programme_code=programme, citations=citations)


def _new_task(new: NewTask, task_id: UUID, *, parent: Task | None, at: datetime) -> Task:
    task = Task(
        id=task_id,
        title=new.title,
        search_text=search_text(new.title, new.deliverable),
        programme_code=new.programme_code,
        kind="standing" if new.standing else "dated",
        state="open",
        deliverable=new.deliverable,
        priority=new.priority,
        parent_id=parent.id if parent else None,
        children_count=len(new.members),
        lead_text=new.lead_text,
        coordinate_text=new.coordinate_text,
        assigned_on=new.assigned_on,
        recorded_at=at,
        version=1,
        deadlines=[],
        assignments=[
            Assignment(
                agency_code=item.agency_code,
                role=item.role.value,
                position=item.position,
                unit=item.unit,
                effective_on=new.assigned_on,
                recorded_at=at,
            )
            for item in new.assignments
        ],
        citations=[
            Citation(position=n, document_code=item.document_code, clause=item.clause, recorded_at=at)
            for n, item in enumerate(new.citations, 1)
        ],
    )
    add_deadline(task, new.reading, effective_on=new.assigned_on, recorded_at=at)
    return task


def search_text(title: str, deliverable: str | None) -> str:
    return fold(f"{title} {deliverable or ''}")
