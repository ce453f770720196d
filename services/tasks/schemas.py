"""Shapes of requests and responses. Codes and words are explained in DOMAIN's terms; dates are ISO 8601."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, ValidationError, model_validator

from services.tasks.domain.deadlines import DeadlineFlag, DeadlineKind
from services.tasks.domain.status import Status
from shared.database import AnyRow
from shared.errors import InvalidInput
from shared.events.tasks import Identifier, RecurrenceState, Role
from shared.requests import Code, Line, Paragraph, RequestModel, Verbatim

# A working day that PostgreSQL, Python and people agree on; beyond it is a typing mistake.
Day = Annotated[date, Field(ge=date(1945, 9, 2), le=date(2200, 12, 31))]
Kind = Literal["dated", "standing"]
Priority = Literal["normal", "high", "urgent"]


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


def _example(**body: Any) -> ConfigDict:
    """What the API's documents show as a whole request; a test reads it back."""
    return ConfigDict(json_schema_extra={"examples": [body]})


# --- agencies, groups, programmes, documents --------------------------------------------------------------------


class IdentifierIn(RequestModel):
    scheme: Annotated[Code, Field(description="electronic_code, qcvn_102, administrative_code ...")]
    value: Code
    valid_from: Day | None = None
    valid_to: Day | None = None


class AgencyIn(RequestModel):
    model_config = _example(
        code="BQLKCN-HN",
        name="Ban Quản lý các khu công nghệ cao Hà Nội",
        bloc="government",
        level="province",
        parent_code="01",
        identifiers=[{"scheme": "electronic_code", "value": "H26.19", "valid_from": "2025-07-01"}],
    )

    code: Code
    name: Line
    short_name: Line | None = None
    bloc: Code
    level: Literal["central", "province", "commune"]
    parent_code: Code | None = None
    identifiers: Annotated[tuple[IdentifierIn, ...], Field(max_length=50)] = ()


class AgencyOut(_Answer):
    code: str
    name: str
    short_name: str | None
    bloc: str
    level: str
    parent_code: str | None
    identifiers: list[Identifier]


class AgencyPage(_Answer):
    items: list[AgencyOut]
    next_cursor: str | None


class GroupOut(_Answer):
    code: str
    name: str
    member_codes: list[str] | None


class GroupList(_Answer):
    items: list[GroupOut]


class ProgrammeIn(RequestModel):
    model_config = _example(
        code="57-NQ/TW", title="Đột phá khoa học, công nghệ, đổi mới sáng tạo, chuyển đổi số"
    )

    code: Code
    title: Line


class ProgrammeOut(_Answer):
    code: str
    title: str


class ProgrammePage(_Answer):
    items: list[ProgrammeOut]
    next_cursor: str | None


class DocumentIn(RequestModel):
    model_config = _example(
        code="71/NQ-CP",
        type="Nghị quyết",
        issued_on="2025-04-01",
        title="Chương trình hành động thực hiện Nghị quyết 57-NQ/TW",
    )

    code: Code
    type: Line
    issuer_code: Code | None = None
    issued_on: Day
    title: Line


class DocumentOut(_Answer):
    code: str
    type: str
    issuer_code: str | None
    issued_on: date
    title: str


class DocumentPage(_Answer):
    items: list[DocumentOut]
    next_cursor: str | None


# --- deadlines --------------------------------------------------------------------------------------------------


class ReadingIn(RequestModel):
    model_config = _example(text="Chậm nhất trước ngày 31/3/2026", issued_on="2025-10-15")

    text: Verbatim
    issued_on: Day | None = Field(default=None, description="day of the document that says so")


class ReadingOut(_Answer):
    """`due_on` is the last in-time day. `flags` say what a person should look at."""

    text: str
    kind: DeadlineKind
    start_on: date | None
    due_on: date | None
    recurrence: RecurrenceState | None
    flags: list[DeadlineFlag]


# --- tasks ------------------------------------------------------------------------------------------------------


class AssignmentIn(RequestModel):
    """Name an agency, or a group: a task led by a group fans out into one task per member."""

    agency_code: Code | None = None
    group_code: Code | None = None
    role: Role

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.agency_code is None) == (self.group_code is None):
            raise InvalidInput(
                "assignee_required",
                "Ghi đúng một trong agency_code hoặc group_code.",
                "Give exactly one of agency_code and group_code.",
                field="assignments",
            )
        return self


class CitationIn(RequestModel):
    document_code: Code
    clause: Line | None = None


class TaskIn(RequestModel):
    model_config = _example(
        title="Trình đề án đánh giá mức độ hoàn thành nhiệm vụ chuyển đổi số",
        programme="57-NQ/TW",
        deadline_text="Tháng 5/2026",
        deliverable="Đề án",
        priority="high",
        assignments=[
            {"agency_code": "G09", "role": "lead"},
            {"agency_code": "G12", "role": "coordinate"},
        ],
        citations=[{"document_code": "71/NQ-CP", "clause": "Phụ lục III, mục 1"}],
    )

    title: Annotated[Paragraph, Field(description="what is to be done, as the document says it")]
    programme: Code
    kind: Kind | None = Field(default=None, description="by default what the deadline's words say")
    deadline_text: Verbatim = ""
    deliverable: Paragraph | None = None
    priority: Priority = "normal"
    assignments: Annotated[tuple[AssignmentIn, ...], Field(min_length=1, max_length=100)]
    citations: Annotated[tuple[CitationIn, ...], Field(max_length=50)] = ()
    assigned_on: Day | None = Field(
        default=None,
        description="day it holds from; by default the day of the first cited document, else today",
    )


class TaskChange(RequestModel):
    """Members that are given are changed. A deadline that has a date moves by an extension only."""

    title: Paragraph | None = None
    deliverable: Paragraph | None = None
    priority: Priority | None = None
    deadline_text: Verbatim | None = None
    assignments: Annotated[tuple[AssignmentIn, ...], Field(min_length=1, max_length=100)] | None = None
    citations: Annotated[tuple[CitationIn, ...], Field(max_length=50)] = Field(
        default=(), description="further documents that give this task; those already cited stay"
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        empty = [name for name in self.model_fields_set - {"deliverable"} if getattr(self, name) is None]
        if empty or not self.model_fields_set:
            raise InvalidInput(
                "change_empty",
                "Ghi giá trị mới cho ít nhất một trường; chỉ deliverable được để null.",
                "Give at least one member a new value; only deliverable may be null.",
                field=min(empty, default=None),
            )
        return self


class AssignmentOut(_Answer):
    agency_code: str
    role: Role


class CitationOut(_Answer):
    document_code: str
    clause: str | None


class TaskOut(_Answer):
    """`status` and `due_on` are those of the day asked for; `submitted` tells that a report awaits its decision."""

    id: UUID
    version: int
    title: str
    programme: str
    kind: Kind
    status: Status
    submitted: bool
    deadline_text: str
    due_on: date | None
    deadline: ReadingOut
    deadline_revision: int
    deliverable: str | None
    priority: Priority
    parent_id: UUID | None
    members: int = Field(description="tasks that this one, given to a group, fans out to")
    lead_text: str | None = Field(description="who leads, as printed, where the task was imported")
    coordinate_text: str | None
    assigned_on: date
    recorded_at: datetime
    assignments: list[AssignmentOut]
    citations: list[CitationOut]

    @classmethod
    def of(cls, row: AnyRow) -> Self:
        return cls.model_validate(task_members(row))


def task_members(row: AnyRow) -> dict[str, Any]:
    """A row in the shape of `TaskOut`, unchecked: lists are written straight from it."""
    recurrence = None
    if row.recurs_every:
        recurrence = {
            "every": row.recurs_every,
            "due_day": row.recurs_due_day,
            "due_month": row.recurs_due_month,
        }
    members = row._asdict()
    reading = {
        "text": row.deadline_text,
        "kind": members.pop("deadline_kind"),
        "start_on": members.pop("start_on"),
        "due_on": members.pop("reading_due_on"),
        "recurrence": recurrence,
        "flags": members.pop("flags"),
    }
    for name in ("recurs_every", "recurs_due_day", "recurs_due_month", "due_on_now"):
        del members[name]
    return members | {
        "programme": members.pop("programme_code"),
        "members": members.pop("children_count"),
        "deadline_revision": members.pop("revision"),
        "deadline": reading,
    }


class TaskPage(_Answer):
    items: list[TaskOut]
    next_cursor: str | None


class HistoryEntry(_Answer):
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class DeadlineRevision(_Answer):
    revision: int
    text: str
    kind: DeadlineKind
    due_on: date | None
    flags: list[str]
    reason: str | None
    document_code: str | None
    effective_on: date
    recorded_at: datetime


class EvidenceOut(_Answer):
    kind: str
    reference: str
    title: str


class SubmissionOut(_Answer):
    """`decision` is null while the office has not decided."""

    id: UUID
    task_id: UUID
    agency_code: str | None
    completed_on: date
    summary: str
    evidence: list[EvidenceOut]
    submitted_at: datetime
    decision: Literal["accept", "return"] | None
    decided_at: datetime | None
    reason: str | None


class TaskHistory(_Answer):
    """Every action on the task, oldest first, with all revisions of its deadline and all submissions."""

    items: list[HistoryEntry]
    next_cursor: str | None
    deadlines: list[DeadlineRevision]
    submissions: list[SubmissionOut]


_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


class EvidenceIn(RequestModel):
    kind: Literal["document", "url", "file"]
    reference: Annotated[
        Line, Field(description="document number, http(s) address, or name of a stored file")
    ]
    title: Line

    @model_validator(mode="after")
    def _url_is_one(self) -> Self:
        if self.kind == "url":
            try:
                _URL.validate_python(self.reference)
            except ValidationError:
                raise InvalidInput(
                    "evidence_url_invalid",
                    "Minh chứng dạng url phải là địa chỉ http(s) đầy đủ.",
                    "Evidence of kind url must be a full http(s) address.",
                    field="evidence",
                ) from None
        return self


class SubmissionIn(RequestModel):
    model_config = _example(
        completed_on="2026-05-20",
        summary="Đề án đã được phê duyệt",
        evidence=[{"kind": "document", "reference": "815/QĐ-BNV", "title": "Quyết định phê duyệt Đề án"}],
    )

    completed_on: Day
    summary: Paragraph
    evidence: Annotated[tuple[EvidenceIn, ...], Field(min_length=1, max_length=50)]
    agency_code: Code | None = Field(
        default=None, description="for whom the office reports; a bound key reports for its own"
    )


class DecisionIn(RequestModel):
    model_config = _example(
        decision="return", reason="Chưa có văn bản phê duyệt: đề nghị bổ sung minh chứng."
    )

    decision: Literal["accept", "return"]
    reason: Paragraph | None = None


class ExtensionIn(RequestModel):
    model_config = _example(
        deadline_text="Quý III/2026", reason="Chờ Luật được thông qua", document_code="71/NQ-CP"
    )

    deadline_text: Verbatim
    reason: Paragraph
    document_code: Code


class CancellationIn(RequestModel):
    reason: Paragraph


# --- statistics, changes, imports -------------------------------------------------------------------------------


class StatisticsGroup(_Answer):
    key: str
    total: int
    by_status: dict[Status, int]


class Statistics(_Answer):
    """Figures as of a day by what was recorded up to an instant: the same question has the same answer for ever.

    `total` counts each unit once; a task led by two agencies stands under both of their keys.
    """

    as_of: date
    known_at: datetime
    count: Literal["task", "assignment"]
    group_by: str | None
    total: int
    by_status: dict[Status, int]
    groups: list[StatisticsGroup]


class SuggestionOut(_Answer):
    code: str
    name: str
    score: float


class RowProblem(_Answer):
    """`remedy` words are part of the sentences; `suggestions` are the nearest agencies where a name was not found."""

    field: str
    code: str
    detail: str
    detail_en: str
    suggestions: list[SuggestionOut] = []


class ImportedRow(_Answer):
    row: int = Field(description="as the spreadsheet numbers it, the heading included")
    outcome: Literal["accepted", "refused", "unchanged"]
    ref: str | None
    title: str
    task_id: UUID | None
    members: int
    kind: Kind | None
    due_on: date | None
    flags: list[str]
    problems: list[RowProblem]
    warnings: list[RowProblem]


class SkippedRow(_Answer):
    number: int
    text: str
    reason: str


class ImportReport(_Answer):
    """A dry run and the real run answer alike but for `dry_run` and `written`."""

    accepted: int
    refused: int
    unchanged: int
    dry_run: bool
    written: bool
    skipped: list[SkippedRow] = Field(description="rows that carry no task: sections, totals")
    rows: list[ImportedRow]
