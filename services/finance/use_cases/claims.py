"""Claims are stated in versions; none replaces the row of another."""

from dataclasses import asdict
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.domain.claims import NewClaim, check_claim
from services.finance.tables import Agency, Claim
from shared.agencies import require_agencies
from shared.events import finance as events
from shared.log.outbox import add_event
from shared.runtime.audit import Actor, add_audit
from shared.runtime.clock import local_date

_KEY = ("stage", "year", "level", "agency_code", "nature", "field")


async def state_claim(
    session: AsyncSession, claim: NewClaim, *, actor: Actor, at: datetime
) -> events.ClaimState:
    """Add a version of a claim. That of the latest `stated_on` holds, of one day the one recorded last.

    Raises:
        InvalidInput: claim_amount, stated_in_future, agency_unknown.
    """
    check_claim(claim, local_date(at))
    await require_agencies(session, Agency, [claim.agency_code], "agency_code")
    fields = asdict(claim)
    key = {name: fields[name] for name in _KEY}
    # statements of one key wait for each other: each sees the version before it, and is recorded after it
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(repr(key), 0))))
    last = select(Claim.version, Claim.recorded_at).filter_by(**key).order_by(Claim.version.desc()).limit(1)
    former = (await session.execute(last)).one_or_none()
    version, recorded_at = (former.version + 1, max(at, former.recorded_at)) if former else (1, at)
    state = events.ClaimState(id=uuid4(), version=version, recorded_at=recorded_at, **fields)
    await session.execute(insert(Claim).values(actor=actor.name, **state.model_dump()))
    detail = {"version": state.version, "amount": claim.amount}
    event = events.ClaimStated(claim=state)
    await add_audit(session, actor, "state", "claim", event.subject(), at=at, **detail)
    await add_event(session, event, version=state.version, at=at)
    return state
