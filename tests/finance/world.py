"""A finance service for tests: its database, its clock, its keys, and decisions that many tests post."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.finance.domain.decisions import Header
from services.finance.domain.ledger import Field, Kind, Level, Line, Nature
from services.finance.main import SERVICE
from services.finance.settings import FinanceSettings
from services.finance.tables import Agency
from services.finance.use_cases.decisions import post_decision
from shared.agencies import record_agency
from shared.events.tasks import AgencyRecorded
from shared.runtime.audit import Actor
from shared.runtime.clock import ManualClock
from shared.runtime.database import Database
from tests.support.keys import authorization
from tests.support.service import RunningService, settings_of
from tests.support.writing import writing

SETTINGS = settings_of(FinanceSettings)
ACTOR = Actor("test")
AGENCIES = (
    ("G06", "Bộ Khoa học và Công nghệ", "central", None),
    ("G12", "Bộ Tài chính", "central", None),
    ("01", "Thành phố Hà Nội", "province", None),
    ("48", "Thành phố Đà Nẵng", "province", None),
    ("00004", "Phường Ba Đình", "commune", "01"),
)
DAY = date(2025, 5, 20)
TI = 10**9  # đồng


async def record_agencies(
    database: Database, agencies: Iterable[tuple[str, str, str, str | None]] = AGENCIES
) -> None:
    async with writing(database) as session:
        for code, name, level, parent in agencies:
            event = AgencyRecorded(code=code, name=name, bloc="government", level=level, parent_code=parent)  # type: ignore[arg-type]  # words of the table above
            await record_agency(session, Agency, event, version=1)


def line(amount: int, agency: str = "G12", **changes: Any) -> Line:
    whole = {
        "year": 2025,
        "level": Level.CENTRAL,
        "agency_code": agency,
        "nature": Nature.CAPITAL,
        "field": Field.DIGITAL_TRANSFORMATION,
        "source": "",
        "amount": amount,
    }
    return Line(**(whole | changes))


def header(kind: str, number: str, effective_on: date = DAY, issued_on: date | None = None) -> Header:
    return Header(Kind(kind), number, issued_on or effective_on, effective_on)


async def post(database: Database, clock: ManualClock, head: Header, lines: Sequence[Line]) -> UUID:
    async with writing(database) as session:
        return await post_decision(session, head, lines, actor=ACTOR, at=clock.now())


def line_body(amount: Any, agency: str = "G12", **changes: Any) -> dict[str, Any]:
    whole = {
        "year": 2025,
        "level": "central",
        "agency_code": agency,
        "nature": "capital",
        "field": "digital_transformation",
        "amount": amount,
    }
    return whole | changes


@dataclass
class FinanceService(RunningService):
    keys: dict[tuple[str, str | None, bool], str] = field(default_factory=dict)
    numbers: int = 0

    service = SERVICE

    async def authorization(
        self, role: str = "office", agency: str | None = None, *, defence: bool = True
    ) -> dict[str, str]:
        """`defence`: the key may see and move money of defence and security."""
        if (role, agency, defence) not in self.keys:
            header = authorization(SETTINGS.secrets, role, agency, name=role, defence_security=defence)
            self.keys[role, agency, defence] = header["Authorization"].removeprefix("Bearer ")
        return {"Authorization": f"Bearer {self.keys[role, agency, defence]}"}

    async def refused(self, path: str, body: Any, status: int, **request: Any) -> Any:
        """The problem that a request is answered with."""
        return await self.problem(path, body, status, **request)

    def decision(self, kind: str, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
        self.numbers += 1
        whole = {
            "kind": kind,
            "number": f"{self.numbers}/QĐ-BTC",
            "issued_on": "2025-05-20",
            "effective_on": "2025-05-20",
            "lines": list(lines),
        }
        return whole | changes

    async def decide(self, kind: str, *lines: dict[str, Any], status: int = 201, **changes: Any) -> Any:
        return await self.post("/decisions", self.decision(kind, *lines, **changes), status)

    async def fund(self, approved: int, allocated: int = 0, disbursed: int = 0, **dimension: Any) -> None:
        """Money approved, some of it allocated, some of that disbursed, all on 20 May 2025."""
        for kind, amount in (("approve", approved), ("allocate", allocated), ("disburse", disbursed)):
            if amount:
                await self.decide(kind, line_body(amount, **dimension))

    async def counts(self) -> list[Any]:
        """The number of rows of each table that a change may write to."""
        return await self.rows(
            "SELECT (SELECT count(*) FROM decisions), (SELECT count(*) FROM postings), (SELECT count(*) FROM accounts), "
            "(SELECT count(*) FROM claims), (SELECT count(*) FROM voucher_lines), (SELECT count(*) FROM audit), "
            "(SELECT count(*) FROM outbox), (SELECT sum(version) FROM budgets)"
        )


@asynccontextmanager
async def running_finance(database: Database, clock: ManualClock) -> AsyncIterator[FinanceService]:
    async with FinanceService.running(SETTINGS, database, clock) as service:
        yield service
