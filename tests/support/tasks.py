"""A tasks service in a test's hands: its database, its clock, keys for every role, and what is recorded at first."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.tasks.domain.groups import Membership
from services.tasks.main import SERVICE
from services.tasks.settings import TasksSettings
from services.tasks.use_cases.agencies import record_agencies
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.groups import record_group
from shared.events import tasks as events
from shared.runtime.audit import SYSTEM
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.support.keys import authorization
from tests.support.service import RunningService, checked, settings_of
from tests.support.writing import writing

SETTINGS = settings_of(TasksSettings)
PROGRAMME = "NQ57"
DOCUMENT = "71/NQ-CP"
ISSUED = date(2025, 4, 1)
APPROVAL = "85/QD-TTg"  # the document that approves extensions
APPROVED = date(2025, 5, 15)
LOCALITIES = ("01", "48", "79")
AGENCIES = (
    ("G01", "Bộ Công an", "government", "central"),
    ("G06", "Bộ Khoa học và Công nghệ", "government", "central"),
    ("G12", "Bộ Tài chính", "government", "central"),
    ("VN-TATC", "Tòa án nhân dân tối cao", "court", "central"),
    ("01", "Thành phố Hà Nội", "province", "province"),
    ("48", "Thành phố Đà Nẵng", "province", "province"),
    ("79", "Thành phố Hồ Chí Minh", "province", "province"),
)
LEAD = {"agency_code": "G12", "role": "lead"}


def assigned(
    agency_code: str, role: str, position: str | None = None, unit: str | None = None
) -> dict[str, str | None]:
    """An assignment as it is answered."""
    return {"agency_code": agency_code, "role": role, "position": position, "unit": unit}


EVIDENCE = {"kind": "document", "reference": "12/BC-BTC", "title": "Báo cáo kết quả"}


@dataclass
class TasksService(RunningService):
    keys: dict[tuple[str, str | None], str] = field(default_factory=dict)

    service = SERVICE

    # --- who calls

    def key(self, role: str, agency: str | None = None, *, expires_at: datetime | None = None) -> str:
        """A new key of a role; `agency` binds it."""
        header = authorization(
            SETTINGS.secrets, role, agency, name=f"{role} {agency or ''}".strip(), expires_at=expires_at
        )
        return header["Authorization"].removeprefix("Bearer ")

    async def authorization(self, role: str = "office", agency: str | None = None) -> dict[str, str]:
        if (role, agency) not in self.keys:
            self.keys[role, agency] = self.key(role, agency)
        return {"Authorization": f"Bearer {self.keys[role, agency]}"}

    async def refused(self, path: str, body: Any, status: int, method: str = "POST", **request: Any) -> str:
        """The code of the problem that a request is answered with."""
        problem = await self.problem(path, body, status, method, **request)
        return str(problem["code"])

    # --- what is done often

    async def assign(self, **changes: Any) -> Any:
        """A dated task of G12, due at the end of June 2025."""
        return await self.post("/tasks", new_task(**changes))

    async def submit(
        self, task: Any, completed_on: str = "2025-05-19", agency: str = "G12", **request: Any
    ) -> Any:
        body = submission(completed_on)
        return await self.post(
            f"/tasks/{task['id']}/submissions", body, role="agency", agency=agency, **request
        )

    async def decide(self, submitted: Any, decision: str = "accept", reason: str | None = None) -> Any:
        body = {"decision": decision, "reason": reason}
        return await self.post(f"/submissions/{submitted['id']}/decision", body, 200)

    async def finish(self, task: Any, completed_on: str = "2025-05-19", agency: str = "G12") -> Any:
        return await self.decide(await self.submit(task, completed_on, agency))

    async def extend(self, task: Any, text_: str = "trước ngày 16/8/2025", status: int = 201) -> Any:
        body = {"deadline_text": text_, "reason": "Chờ tiêu chuẩn", "document_code": APPROVAL}
        return await self.post(f"/tasks/{task['id']}/extensions", body, status)

    async def cancel(self, task: Any, status: int = 201) -> Any:
        return await self.post(f"/tasks/{task['id']}/cancellation", {"reason": "Không còn cần"}, status)

    async def amend(self, task: Any, status: int = 200, version: int | None = None, **changes: Any) -> Any:
        headers = {"If-Match": f'"{version or task["version"]}"'}
        return checked(
            await self.send("PATCH", f"/tasks/{task['id']}", json=changes, headers=headers), status
        )

    async def read(self, task: Any, **asked: Any) -> Any:
        return await self.get(f"/tasks/{task['id']}", params=asked)

    async def members(self, task: Any) -> dict[str, Any]:
        """The tasks of a group's members, by their agency."""
        page = await self.get("/tasks", params={"parent": task["id"], "limit": 200})
        return {item["assignments"][0]["agency_code"]: item for item in page["items"]}

    # --- what is recorded

    async def counts(self) -> dict[str, int]:
        """How many rows each table has that a change may touch."""
        tables = (
            "tasks",
            "deadlines",
            "assignments",
            "submissions",
            "endings",
            "audit",
            "outbox",
            "idempotency_keys",
        )
        counted = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in tables)  # noqa: S608 - our own words
        return {row[0]: row[1] for row in await self.rows(counted)}

    async def versions(self, task_id: str) -> list[tuple[str, int]]:
        """(verb, version) of every event of a task, in order."""
        return [(verb, version) for verb, version, _ in await self.events(task_id)]


def new_task(**changes: Any) -> dict[str, Any]:
    whole = {
        "title": "Xây dựng Đề án đánh giá mức độ hoàn thành nhiệm vụ chuyển đổi số",
        "programme": PROGRAMME,
        "deadline_text": "Tháng 6/2025",
        "deliverable": "Đề án",
        "assignments": [LEAD],
        "citations": [{"document_code": DOCUMENT, "clause": "1"}],
    }
    return whole | changes


def group_task(group: str = "localities", **changes: Any) -> dict[str, Any]:
    return {"assignments": [{"group_code": group, "role": "lead"}]} | changes


def submission(completed_on: str = "2025-05-19", **changes: Any) -> dict[str, Any]:
    return {"completed_on": completed_on, "summary": "Đã trình Đề án", "evidence": [EVIDENCE]} | changes


@asynccontextmanager
async def running_tasks(database: Database, clock: ManualClock) -> AsyncIterator[TasksService]:
    """The service on a migrated, empty database, with a small catalogue."""
    await record_basics(database, clock.now())
    async with TasksService.running(SETTINGS, database, clock) as service:
        yield service


async def record_basics(database: Database, at: datetime, localities: Sequence[str] = LOCALITIES) -> None:
    """A few agencies, a group, a programme, the document that gives tasks and the one that extends them."""
    async with writing(database) as session:
        await record_agencies(
            session,
            [
                events.AgencyRecorded(code=code, name=name, bloc=bloc, level=level)
                for code, name, bloc, level in AGENCIES
            ],
            at,
        )
        members = [Membership(code, date.min) for code in localities]
        await record_group(session, "localities", "Các địa phương", members, actor=SYSTEM, at=at)
        state = events.ProgrammeRecorded(code=PROGRAMME, title="Nghị quyết 57-NQ/TW")
        await record_programme(session, state, SYSTEM, at)
        for code, issued_on in ((DOCUMENT, ISSUED), (APPROVAL, APPROVED)):
            document = events.DocumentRecorded(code=code, type="Nghị quyết", issued_on=issued_on, title=code)
            await record_document(session, document, SYSTEM, at)
