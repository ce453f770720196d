"""Registering what is followed, and what its owner says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.datasets.domain.evidence import ALWAYS
from services.datasets.domain.facts import (
    check_day_not_future,
    check_maintenance,
    check_notice,
    check_plausible,
    check_quality,
)
from services.datasets.domain.observation import Observed
from services.datasets.queries.facts import load_statements
from services.datasets.tables import (
    Agency,
    Amendment,
    Database,
    Declaration,
    Maintenance,
    QualityResult,
    Watch,
)
from services.datasets.use_cases.records import Watched, in_time, lock_database, search_text, tell
from services.datasets.use_cases.watching import WatchRules, bring_up
from shared.agencies import require_agencies
from shared.errors import Conflict, InvalidInput
from shared.events import datasets as events
from shared.runtime.audit import Actor
from shared.runtime.clock import local_date


@dataclass(frozen=True, slots=True)
class NewDatabase:
    """`period_seconds` and `grace_seconds`: how often it is to send, or None for both where nothing was agreed."""

    code: str
    name: str
    kind: str
    owner_code: str
    legal_basis: str | None = None
    period_seconds: int | None = None
    grace_seconds: int | None = None


Evidence = Sequence[Mapping[str, str]]


async def register_database(
    session: AsyncSession, new: NewDatabase, *, actor: Actor, at: datetime
) -> Watched:
    await require_agencies(session, Agency, [new.owner_code], "owner_code")
    return await add_database(session, new, actor=actor, at=at)


async def add_database(session: AsyncSession, new: NewDatabase, *, actor: Actor, at: datetime) -> Watched:
    """Register one whose owner is known. Raises Conflict where the code is taken, also by one who registers now."""
    agreed = {name: getattr(new, name) for name in ("name", "owner_code", "period_seconds", "grace_seconds")}
    added = await session.execute(
        insert(Database)
        .values(
            **asdict(new),
            search_text=search_text(new.code, new.name),
            registered_by=actor.name,
            recorded_at=at,
        )
        .on_conflict_do_nothing()
        .returning(Database)
    )
    if (database := added.scalar_one_or_none()) is None:
        raise _code_exists(new.code)
    said = {"speaks_of_heartbeat": True, "holds_from": ALWAYS, "said_by": actor.name, "recorded_at": at}
    watch = Watch(
        database_code=new.code,
        version=0,
        observed=Observed.UNKNOWN,
        observed_since=at,
        is_plain=False,
        checked_at=at,
        in_time=in_time(new.period_seconds, new.grace_seconds),
    )
    session.add_all([Amendment(database_code=new.code, **agreed, **said), watch])
    watched = Watched(database, watch, [])
    detail = {name: getattr(new, name) for name in ("legal_basis", "period_seconds", "grace_seconds")}
    await tell(session, watched, events.DatabaseRegistered, detail, actor=actor, at=at)
    return watched


def _code_exists(code: str) -> Conflict:
    return Conflict(
        "code_exists",
        f"Mã {code} đã được đăng ký: dùng mã khác, hoặc đọc bản đã ghi.",
        f"The code {code} is registered already: use another, or read the one recorded.",
        field="code",
    )


async def declare(
    session: AsyncSession,
    code: str,
    *,
    phase: str | None,
    ndc_connection: str | None,
    effective_on: date,
    evidence: Evidence,
    rules: WatchRules,
    actor: Actor,
    at: datetime,
) -> Declaration:
    """Take down what the owner says; what was said before stays."""
    if phase is None and ndc_connection is None:
        raise InvalidInput(
            "declaration_empty",
            "Khai báo phải nêu giai đoạn (phase) hoặc tình trạng kết nối (ndc_connection).",
            "A declaration must speak of the phase or of ndc_connection.",
        )
    check_day_not_future(effective_on, at, "effective_on")
    watched = await lock_database(session, code)
    declaration = Declaration(
        database_code=code,
        phase=phase,
        ndc_connection=ndc_connection,
        effective_on=effective_on,
        evidence=[dict(item) for item in evidence],
        said_by=actor.name,
        recorded_at=at,
    )
    session.add(declaration)
    await session.flush()
    detail: dict[str, Any] = {"phase": phase, "ndc_connection": ndc_connection, "effective_on": effective_on}
    detail |= {"evidence": evidence, "said_by": actor.name}
    await _tell_and_look(session, watched, events.DatabaseDeclared, detail, rules, actor=actor, at=at)
    return declaration


@dataclass(frozen=True, slots=True)
class NewResult:
    """How a database did by one criterion: what was measured, of how many, what was asked for, and whether it passed."""

    criterion: str
    measured: Decimal
    denominator: Decimal | None
    threshold: Decimal
    passed: bool
    as_of: date
    method: str
    evidence: Evidence


async def assess(
    session: AsyncSession, code: str, new: NewResult, *, rules: WatchRules, actor: Actor, at: datetime
) -> QualityResult:
    """Take down a quality result; the latest day's holds, of one day the last recorded."""
    check_day_not_future(new.as_of, at, "as_of")
    check_quality(new.measured, new.denominator)
    watched = await lock_database(session, code)
    told = {
        "criterion": new.criterion,
        "measured": new.measured,
        "denominator": new.denominator,
        "threshold": new.threshold,
        "passed": new.passed,
        "as_of": new.as_of,
        "method": new.method,
    }
    evidence = [dict(item) for item in new.evidence]
    result = QualityResult(database_code=code, **told, evidence=evidence, said_by=actor.name, recorded_at=at)
    session.add(result)
    await session.flush()
    words = {name: str(value) if isinstance(value, Decimal) else value for name, value in told.items()}
    await _tell_and_look(session, watched, events.DatabaseAssessed, words, rules, actor=actor, at=at)
    return result


async def announce_maintenance(
    session: AsyncSession,
    code: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    longest: timedelta,
    by_office: bool,
    rules: WatchRules,
    actor: Actor,
    at: datetime,
) -> Maintenance:
    """Take down a window in which silence does not count; it may lie ahead, or have begun; long ago by the office alone."""
    check_plausible(starts_at, "from")
    check_plausible(ends_at, "until")
    check_maintenance(starts_at, ends_at, longest)
    if not by_office:
        check_notice(starts_at, at)
    watched = await lock_database(session, code)
    window = Maintenance(
        database_code=code,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        said_by=actor.name,
        recorded_at=at,
    )
    session.add(window)
    await session.flush()
    detail = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}
    await _tell_and_look(
        session, watched, events.DatabaseMaintained, detail, rules, actor=actor, at=at, before=True
    )
    return window


async def _tell_and_look(
    session: AsyncSession,
    watched: Watched,
    kind: type[events.DatabaseEvent],
    detail: Mapping[str, Any],
    rules: WatchRules,
    *,
    actor: Actor,
    at: datetime,
    before: bool = False,
) -> None:
    """Tell what was said, then whatever follows from it."""
    statements = await load_statements(await session.connection(), watched.database.code)
    today = local_date(at)
    watched.watch.phase = statements.phase(today)
    watched.watch.ndc_connection = statements.connection(today)
    await tell(session, watched, kind, detail, actor=actor, at=at)
    await bring_up(session, watched, rules, at=at, before=before)
