"""Recording API keys as issued and as revoked. Each can be done again after a crash and is recorded once."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.tasks.tables import IssuedKey
from shared.errors import NotFound
from shared.events.tasks import KeyIssued, KeyRevoked
from shared.keys.revocations import record_revocation
from shared.keys.tokens import ApiKey
from shared.log.outbox import add_event
from shared.runtime.audit import Actor, add_audit


async def record_key(session: AsyncSession, key: ApiKey, *, actor: Actor, at: datetime) -> None:
    """Record a key as issued, unless it is on record."""
    state = KeyIssued(
        prefix=key.prefix,
        name=key.name,
        role=key.role,
        agency_code=key.tenant,
        expires_at=key.expires_at,
        defence_security=key.defence_security,
    )
    recorded = await session.execute(
        insert(IssuedKey)
        .values(issued_at=at, **state.model_dump())
        .on_conflict_do_nothing()
        .returning(IssuedKey.prefix)
    )
    if recorded.one_or_none() is None:
        return
    await add_event(session, state, version=1, at=at)
    detail = {"name": key.name, "role": key.role, "agency": key.tenant}
    money = {"defence_security": key.defence_security}
    await add_audit(session, actor, "grant", "key", key.prefix, at=at, **detail, **money)


async def revoke_key(
    session: AsyncSession, prefix: str, *, actor: Actor, at: datetime, unrecorded: bool = False
) -> KeyRevoked:
    """Revoke a key, unless it is revoked already; `unrecorded` admits one that is not recorded.

    Raises:
        NotFound: key_unknown.
    """
    key = await session.get(IssuedKey, prefix)
    if key is None and not unrecorded:
        raise NotFound(
            "key_unknown",
            f"Không có khóa {prefix}: xem `dondoc keys list`.",
            f"There is no key {prefix}: see `dondoc keys list`.",
        )
    revoked = KeyRevoked(prefix=prefix, revoked_at=at, expires_at=key.expires_at if key else None)
    if await record_revocation(session, prefix, at=at, expires_at=revoked.expires_at):
        await add_event(session, revoked, version=2, at=at)
        await add_audit(session, actor, "revoke", "key", prefix, at=at)
    return revoked
