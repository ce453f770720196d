"""Random histories of tasks, played on the service and on a naive model that counts by the pure rule."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from services.tasks.domain.assignments import NewAssignment, Role
from services.tasks.domain.deadlines import DeadlineKind, Reading
from services.tasks.domain.groups import Membership
from services.tasks.domain.status import (
    Acceptance,
    DeadlineFact,
    EndingFact,
    Facts,
    Status,
    combined,
    due_date,
    status_on,
)
from services.tasks.domain.submissions import NewEvidence, NewSubmission
from services.tasks.domain.tasks import Amendment, NewCitation, NewTask
from services.tasks.queries.statistics import Count, GroupBy
from services.tasks.use_cases import submissions
from services.tasks.use_cases.agencies import record_agencies
from services.tasks.use_cases.amendments import amend_task
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.endings import cancel_task
from services.tasks.use_cases.extensions import extend_deadline
from services.tasks.use_cases.groups import add_group, members_of
from services.tasks.use_cases.locks import lock_members, lock_task
from services.tasks.use_cases.tasks import create_task
from shared.errors import Versions
from shared.events import tasks as events
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock, local_date
from shared.runtime.database import Database
from tests.support.writing import writing

START = date(2025, 3, 1)
BLOCS = {"G01": "government", "G12": "government", "TATC": "court", "01": "province", "79": "province"}
AGENCIES = tuple(BLOCS)
GROUPS: dict[str, tuple[tuple[str, date | None, date | None], ...]] = {
    "localities": (("01", None, None), ("79", None, None)),
    "bodies": (("G01", None, None), ("G12", START, START + timedelta(days=90)), ("TATC", None, None)),
}
PROGRAMMES = ("NQ57", "NQ59")
DOCUMENTS = {f"{n}/QD": START + timedelta(days=40 * n) for n in range(10)}
VERBS = (
    "single", "group", "finish", "finish", "finish", "submit", "accept", "return", "extend", "cancel", "reassign",
    "date",
)  # fmt: skip
MOST_TASKS = 5  # few tasks to which much happens


@dataclass(frozen=True)
class Step:
    """One thing that happens, `hours` after the last. The numbers choose among what there is."""

    verb: str
    hours: int
    pick: int
    other: int
    days: int


steps = st.lists(
    st.builds(
        Step, st.sampled_from(VERBS), st.integers(1, 400), st.integers(0, 999), st.integers(0, 999), st.integers(0, 90)
    ),
    min_size=6, max_size=24,
)  # fmt: skip


@dataclass(frozen=True)
class Lead:
    """Who led from which day, as recorded `since`; and until which day, as recorded at `until`."""

    code: str
    from_day: date
    since: datetime
    to_day: date | None = None
    until: datetime | None = None

    def holds(self, day: date, known_at: datetime) -> bool:
        begun = self.since <= known_at and self.from_day <= day
        ended = (
            self.until is not None
            and self.until <= known_at
            and self.to_day is not None
            and self.to_day <= day
        )
        return begun and not ended


@dataclass
class Leaf:
    """What the model knows of a task: who led it when, and the facts of its status."""

    id: UUID
    top: UUID
    programme: str
    documents: tuple[str, ...]
    standing: bool
    assigned_on: date
    recorded_at: datetime
    deadlines: list[DeadlineFact]
    leads: list["Lead"] = field(default_factory=list)
    awaiting: tuple[UUID, date] | None = None
    acceptance: Acceptance | None = None
    ending: EndingFact | None = None
    children: int = 0

    @property
    def open(self) -> bool:
        return self.acceptance is None and self.ending is None

    @property
    def due_on(self) -> date | None:
        """By the latest revision that was approved."""
        return max(self.deadlines, key=lambda fact: (fact.effective_on, fact.revision)).due_on

    def leaders(self, day: date, known_at: datetime) -> set[str]:
        return {lead.code for lead in self.leads if lead.holds(day, known_at)}

    def status(self, day: date, known_at: datetime, soon: int) -> Status | None:
        facts = Facts(
            self.standing,
            self.assigned_on,
            self.recorded_at,
            tuple(self.deadlines),
            self.acceptance,
            self.ending,
        )
        return status_on(facts, day, known_at, soon)

    def extend(self, due_on: date | None, effective_on: date, at: datetime) -> None:
        self.deadlines.append(DeadlineFact(len(self.deadlines) + 1, due_on, effective_on, at))


class History:
    """Plays steps; each is done to the service and, as plain facts, to the model."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.leaves: dict[UUID, Leaf] = {}
        self.parents: dict[UUID, Leaf] = {}

    async def play(self, step: Step) -> None:
        self.clock.advance(hours=step.hours)
        tops = {leaf.top for leaf in self.leaves.values()}
        if not tops or (step.verb in {"single", "group"} and len(tops) < MOST_TASKS):
            await self._create(step, to_group=step.verb == "group")
            return
        able = [leaf for leaf in self.leaves.values() if leaf.open and self._able(leaf, step.verb)]
        if step.verb in {"extend", "cancel"} and step.days % 2:
            able = [
                parent for parent in self.parents.values() if self._able_parent(parent, step.verb)
            ] or able
        if able:
            await getattr(self, f"_{step.verb}")(able[step.pick % len(able)], step)

    def _able(self, leaf: Leaf, verb: str) -> bool:
        dated = leaf.due_on is not None
        rules = {
            "single": False,
            "group": False,
            "submit": leaf.awaiting is None,
            "finish": leaf.awaiting is None,
            "accept": leaf.awaiting is not None,
            "return": leaf.awaiting is not None,
            "extend": not leaf.standing,
            "date": not leaf.standing and not dated,
        }
        return rules.get(verb, True)

    def _able_parent(self, parent: Leaf, verb: str) -> bool:
        return (
            parent.ending is None
            and any(leaf.open for leaf in self._members(parent))
            and self._able(parent, verb)
        )

    def _members(self, parent: Leaf) -> list[Leaf]:
        return [leaf for leaf in self.leaves.values() if leaf.top == parent.id]

    @property
    def today(self) -> date:
        return local_date(self.clock.now())

    # --- what happens

    async def _create(self, step: Step, *, to_group: bool) -> None:
        assigned_on = self.today - timedelta(days=step.other % 30)
        due_on = None if step.pick % 7 == 0 else assigned_on + timedelta(days=step.days)
        documents = tuple(list(DOCUMENTS)[: step.other % 3])
        lead, helper = AGENCIES[step.pick % 5], AGENCIES[(step.pick + 1) % 5]
        members: tuple[str, ...] = ()
        assignments = [NewAssignment(helper, Role.COORDINATE)]
        async with writing(self.database) as session:
            if to_group:
                group = list(GROUPS)[step.pick % 2]
                members = await members_of(session, [group], assigned_on)
            else:
                assignments = [NewAssignment(lead, Role.LEAD)]
                assignments += [NewAssignment(helper, Role.CO_LEAD)] if step.other % 2 else []
            new = NewTask(
                title="Nhiệm vụ", programme_code=PROGRAMMES[step.other % 2], standing=step.pick % 5 == 0,
                reading=_reading(due_on), deliverable=None, priority="normal", assignments=tuple(assignments),
                citations=tuple(NewCitation(code) for code in documents), assigned_on=assigned_on, members=members,
            )  # fmt: skip
            task = await create_task(session, new, actor=SYSTEM, at=self.clock.now())
        top = self._record(new, task.id, task.id)
        if not to_group:
            top.leads = [Lead(item.agency_code, assigned_on, self.clock.now()) for item in assignments]
            self.leaves[top.id] = top
            return
        top.children = len(members)
        self.parents[top.id] = top
        async with writing(self.database) as session:
            children = await lock_members(session, task)
        for child in children:
            leaf = self.leaves[child.id] = self._record(new, child.id, task.id)
            leaf.leads = [Lead(child.assignments[0].agency_code, assigned_on, self.clock.now())]

    def _record(self, new: NewTask, id_: UUID, top: UUID) -> Leaf:
        now = self.clock.now()
        first = DeadlineFact(1, new.reading.due_on, new.assigned_on, now)
        documents = tuple(item.document_code for item in new.citations)
        return Leaf(id_, top, new.programme_code, documents, new.standing, new.assigned_on, now, [first])

    async def _submit(self, leaf: Leaf, step: Step) -> None:
        completed_on = max(leaf.assigned_on, self.today - timedelta(days=step.days))
        due_on = leaf.due_on
        if step.other % 2 and due_on and leaf.assigned_on <= due_on <= self.today:
            completed_on = due_on  # on the very day
        async with writing(self.database) as session:
            new = NewSubmission(None, completed_on, "Xong", (NewEvidence("document", "1/BC", "Báo cáo"),))
            submission = await submissions.submit_completion(
                session, leaf.id, new, actor=SYSTEM, at=self.clock.now()
            )
        leaf.awaiting = submission.id, completed_on

    async def _finish(self, leaf: Leaf, step: Step) -> None:
        await self._submit(leaf, step)
        await self._accept(leaf, step)

    async def _accept(self, leaf: Leaf, _: Step) -> None:
        completed_on = await self._decide(leaf, accept=True)
        leaf.acceptance = Acceptance(completed_on, self.clock.now())

    async def _return(self, leaf: Leaf, _: Step) -> None:
        await self._decide(leaf, accept=False)

    async def _decide(self, leaf: Leaf, *, accept: bool) -> date:
        assert leaf.awaiting is not None
        submission, completed_on = leaf.awaiting
        async with writing(self.database) as session:
            await submissions.decide_submission(
                session, submission, accept=accept, reason="Vì", actor=SYSTEM, at=self.clock.now()
            )
        leaf.awaiting = None
        return completed_on

    async def _extend(self, task: Leaf, step: Step) -> None:
        issued = [code for code, day in DOCUMENTS.items() if day <= self.today]
        code = issued[step.other % len(issued)]
        due_on = self.today + timedelta(days=step.days)
        before = task.due_on
        if due_on == before:
            return
        async with writing(self.database) as session:
            await extend_deadline(
                session,
                task.id,
                _reading(due_on),
                reason="Vì",
                document_code=code,
                actor=SYSTEM,
                at=self.clock.now(),
            )
        for each in (
            task,
            *(leaf for leaf in self._members(task) if _moves(leaf, task, before, due_on, DOCUMENTS[code])),
        ):
            each.extend(due_on, max(DOCUMENTS[code], each.assigned_on), self.clock.now())

    async def _date(self, leaf: Leaf, step: Step) -> None:
        due_on = self.today + timedelta(days=step.days)
        async with writing(self.database) as session:
            task = await lock_task(session, leaf.id)
            wanted = Amendment(reading=_reading(due_on))
            await amend_task(
                session,
                leaf.id,
                wanted,
                expected_version=Versions(frozenset({task.version})),
                actor=SYSTEM,
                at=self.clock.now(),
            )
        leaf.extend(due_on, leaf.assigned_on, self.clock.now())

    async def _cancel(self, task: Leaf, _: Step) -> None:
        async with writing(self.database) as session:
            await cancel_task(session, task.id, reason="Vì", actor=SYSTEM, at=self.clock.now())
        for each in (task, *(leaf for leaf in self._members(task) if leaf.open and leaf is not task)):
            each.ending = EndingFact(Status.CANCELLED, self.today, self.clock.now())

    async def _reassign(self, leaf: Leaf, step: Step) -> None:
        lead = AGENCIES[step.other % 5]
        async with writing(self.database) as session:
            task = await lock_task(session, leaf.id)
            wanted = Amendment(assignments=(NewAssignment(lead, Role.LEAD),))
            await amend_task(
                session,
                leaf.id,
                wanted,
                expected_version=Versions(frozenset({task.version})),
                actor=SYSTEM,
                at=self.clock.now(),
            )
        now = self.clock.now()
        ended = [one if one.until else replace(one, to_day=self.today, until=now) for one in leaf.leads]
        leaf.leads = [*ended, Lead(lead, self.today, now)]

    # --- what the model says of it

    def count(
        self, day: date, known_at: datetime, soon: int, group_by: GroupBy | None, count: Count
    ) -> dict[str, dict[str, int]]:
        """Numbers by key and status, each unit counted the slow and plain way."""
        by_agency = count == "assignment" or group_by in {"agency", "bloc", "group"}
        parts: dict[tuple[str, object], set[Status]] = defaultdict(set)
        for leaf in self.leaves.values():
            status = leaf.status(day, known_at, soon)
            if status is None:
                continue
            for agency in leaf.leaders(day, known_at):
                unit: object = (leaf.id, agency) if count == "assignment" else leaf.top
                for key in _keys(leaf, agency, day, group_by):
                    parts[key, unit].add(status)
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for (key, unit), statuses in parts.items():
            ending = None if by_agency else self._ending(unit, day, known_at)
            status = combined(statuses, ending)
            assert status is not None  # a unit has a part
            found[key][status.value] += 1
        return {key: dict(numbers) for key, numbers in found.items()}

    def _ending(self, top: object, day: date, known_at: datetime) -> Status | None:
        ending = self.parents[top].ending if top in self.parents else None  # type: ignore[index]  # a unit that is in it is an id
        in_force = ending and ending.recorded_at <= known_at and ending.effective_on <= day
        return ending.kind if ending and in_force else None

    def turning_days(self) -> list[date]:
        """Days on which a status may turn."""
        found = {self.today}
        for leaf in [*self.leaves.values(), *self.parents.values()]:
            found |= {leaf.assigned_on, *(fact.effective_on for fact in leaf.deadlines)}
            found |= {fact.due_on for fact in leaf.deadlines if fact.due_on}
            found |= {leaf.acceptance.completed_on} if leaf.acceptance else set()
            found |= {leaf.ending.effective_on} if leaf.ending else set()
        return sorted(found)

    def tops(self, day: date, known_at: datetime, soon: int) -> dict[UUID, tuple[Status, date | None]]:
        """Status and due date of every task that a list shows."""
        found = {}
        for top in [*self.parents.values(), *(leaf for leaf in self.leaves.values() if leaf.top == leaf.id)]:
            status = top.status(day, known_at, soon)
            if status is None:
                continue
            if top.children:
                parts = (member.status(day, known_at, soon) for member in self._members(top))
                whole = combined([part for part in parts if part], self._ending(top.id, day, known_at))
                status = whole or status  # without members its own facts decide
            found[top.id] = status, due_date(top.deadlines, day, known_at)
        return found


def _moves(member: Leaf, group: Leaf, before: date | None, due_on: date, issued_on: date) -> bool:
    """Whether a member's deadline moves with its group's."""
    done_before = member.acceptance is not None and member.acceptance.completed_on < issued_on
    if member is group or member.ending or done_before or member.due_on == due_on:
        return False
    return member.due_on == before or member.due_on is None or member.due_on < due_on


def _keys(leaf: Leaf, agency: str, day: date, group_by: GroupBy | None) -> Iterable[str]:
    if group_by == "group":
        return [
            group for group, members in GROUPS.items() if any(_belongs(item, agency, day) for item in members)
        ]
    if group_by == "document":
        return leaf.documents
    return [{None: "", "agency": agency, "bloc": BLOCS[agency], "programme": leaf.programme}[group_by]]


def _belongs(member: tuple[str, date | None, date | None], agency: str, day: date) -> bool:
    code, start, end = member
    return code == agency and (start or date.min) <= day <= (end or date.max)


def _reading(due_on: date | None) -> Reading:
    kind = DeadlineKind.DATE if due_on else DeadlineKind.NONE
    return Reading(f"trước {due_on}" if due_on else "sớm", kind, due_on=due_on)


async def record_catalogue(database: Database, at: datetime) -> None:
    async with writing(database) as session:
        agencies = [
            events.AgencyRecorded(code=code, name=code, bloc=bloc, level="central")
            for code, bloc in BLOCS.items()
        ]
        await record_agencies(session, agencies, at)
        for group, members in GROUPS.items():
            times = [Membership(code, start or date.min, end) for code, start, end in members]
            await add_group(session, group, group, times, phrases=[], actor=SYSTEM, at=at)
        for code in PROGRAMMES:
            await record_programme(session, events.ProgrammeRecorded(code=code, title=code), SYSTEM, at)
        for code, day in DOCUMENTS.items():
            state = events.DocumentRecorded(code=code, type="Quyết định", issued_on=day, title=code)
            await record_document(session, state, SYSTEM, at)
