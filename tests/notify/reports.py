"""Events of the datasets and finance services, for tests of notify."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.events import datasets, finance

TI = 10**9  # tỉ đồng
AT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)  # 08:00 in Vietnam


@dataclass
class ReportedDatabase:
    """A database and the events about it: each counts its version up."""

    code: str = "CSDLQG-DC"
    owner: str = "G12"
    observed: datasets.ObservedState = "up"
    since: datetime = AT - timedelta(days=1)
    last: datetime = AT
    heard_until: datetime | None = None
    version: int = 1
    open: dict[UUID, datasets.OpenContradiction] = field(default_factory=dict)

    def state(self) -> datasets.DatabaseState:
        return datasets.DatabaseState(
            code=self.code, version=self.version, name="Cơ sở dữ liệu quốc gia về dân cư", kind="national",
            owner_code=self.owner, observed=self.observed, observed_since=self.since,
            last_heartbeat_at=self.last, heard_until=self.heard_until, contradictions=tuple(self.open.values()),
        )  # fmt: skip

    def turns(self, after: datasets.ObservedState, at: datetime) -> datasets.DatabaseObserved:
        before, self.observed, self.since = self.observed, after, at
        self.version += 1
        return datasets.DatabaseObserved(database=self.state(), before=before, after=after, at=at)

    def heard(self, at: datetime, until: datetime) -> datasets.DatabaseHeard:
        """One heartbeat while it counts as down."""
        self.last, self.heard_until = at, until
        self.version += 1
        return datasets.DatabaseHeard(database=self.state())

    def passes_to(self, owner: str) -> datasets.DatabaseAmended:
        self.owner = owner
        self.version += 1
        return datasets.DatabaseAmended(
            database=self.state(), changed=("owner_code",), holds_from=self.since, said_by="ddk_x",
            period_seconds=3600, grace_seconds=600,
        )  # fmt: skip

    def declares(self) -> datasets.DatabaseDeclared:
        self.version += 1
        return datasets.DatabaseDeclared(
            database=self.state(), phase="operating", effective_on=date(2026, 3, 1), said_by="ddk_x"
        )

    def contradicts(
        self, at: datetime, id_: UUID | None = None, *, kind: str = "joined_but_silent"
    ) -> datasets.DatabaseContradicted:
        id_ = id_ or uuid4()
        self.open[id_] = datasets.OpenContradiction(id=id_, kind=kind, since=at)
        self.version += 1
        return datasets.DatabaseContradicted(database=self.state(), **self._said(id_, at, kind))

    def agrees(self, id_: UUID, at: datetime) -> datasets.DatabaseReconciled:
        opened = self.open.pop(id_)
        self.version += 1
        return datasets.DatabaseReconciled(
            database=self.state(), closed_at=at, **self._said(id_, opened.since, opened.kind)
        )

    def _said(self, id_: UUID, opened_at: datetime, kind: str) -> dict[str, Any]:
        return {
            "contradiction_id": id_,
            "kind": kind,
            "opened_at": opened_at,
            "words_vi": "khai báo đã đồng bộ, 41 ngày không có tín hiệu",
            "words_en": "declared synchronised, no heartbeat for 41 days",
        }


BUDGET_ID = "5b0e3a52-1c5f-4d0e-9b7a-2f6d8c1e4a70"


def budget(
    version: int = 1,
    *,
    allocated: int = 1200 * TI,
    disbursed: int = 0,
    unallocated: int = 0,
    **changes: Any,
) -> finance.BudgetChanged:
    whole = {
        "id": BUDGET_ID, "version": version, "year": 2026, "level": "central", "agency_code": "G12",
        "approved": allocated + unallocated, "allocated": allocated, "unallocated": unallocated,
        "disbursed": disbursed, "settled": 0, "remaining": allocated - disbursed, "carried_over": 0,
        "cancelled": 0, "first_allocated_on": date(2026, 1, 5) if allocated else None,
        "last_disbursed_on": date(2026, 1, 20) if disbursed else None,
    }  # fmt: skip
    return finance.BudgetChanged(budget=finance.BudgetState.model_validate(whole | changes))
