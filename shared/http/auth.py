"""API keys: a public prefix and 256 random bits, of which only a peppered HMAC is stored."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    LargeBinary,
    Table,
    Text,
    Uuid,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.errors import Forbidden, Unauthenticated
from shared.runtime.database import spine

SCHEME = "ddk"  # marks our keys for secret scanners: ddk_<prefix>_<secret>
PREFIX_BYTES = 6
SECRET_BYTES = 32

api_keys = Table(
    "api_keys",
    spine,
    Column("id", Uuid, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("tenant", Text),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: what the key may do, and the tenant it is bound to (None: not bound)."""

    prefix: str
    name: str
    tenant: str | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def require(self, scope: str) -> None:
        if not self.may(scope):
            raise Forbidden(
                "scope_missing",
                f"Khóa này không có quyền {scope}: đề nghị đơn vị vận hành cấp khóa có quyền đó.",
                f"This key lacks the scope {scope}: ask the operator for a key that has it.",
                scope=scope,
            )

    def require_tenant(self, tenant: str | None) -> None:
        """Refuse a bound key that acts for another."""
        if self.tenant is not None and tenant != self.tenant:
            raise Forbidden(
                "other_tenant",
                f"Khóa này chỉ dùng được cho {self.tenant}.",
                f"This key acts for {self.tenant} only.",
            )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as drawn: `token` is shown once and stored nowhere."""

    id: UUID
    token: str
    prefix: str
    digest: bytes


def draw_key(pepper: bytes) -> NewKey:
    prefix = secrets.token_hex(PREFIX_BYTES)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return NewKey(uuid4(), f"{SCHEME}_{prefix}_{secret}", prefix, _digest(pepper, prefix, secret))


async def store_key(
    session: AsyncSession,
    key: NewKey,
    *,
    name: str,
    role: str,
    tenant: str | None,
    scopes: Iterable[str],
    at: datetime,
    expires_at: datetime | None = None,
) -> None:
    await session.execute(
        insert(api_keys).values(
            id=key.id,
            prefix=key.prefix,
            digest=key.digest,
            name=name,
            role=role,
            tenant=tenant,
            scopes=sorted(scopes),
            created_at=at,
            expires_at=expires_at,
        )
    )


async def revoke_key(session: AsyncSession, prefix: str, *, at: datetime) -> bool:
    """End a key; false when there is none such in force."""
    revoked = await session.execute(
        update(api_keys)
        .where(api_keys.c.prefix == prefix, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(api_keys.c.id)
    )
    return revoked.one_or_none() is not None


_BY_PREFIX = select(api_keys).where(api_keys.c.prefix == bindparam("prefix"))


async def authenticate(connection: AsyncConnection, pepper: bytes, token: str, now: datetime) -> Caller:
    """The caller of a token. Whatever is wrong with it, the answer is the same."""
    scheme, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    well_formed = (
        scheme == SCHEME and len(prefix) == 2 * PREFIX_BYTES and prefix.isascii() and prefix.isalnum()
    )
    row = (await connection.execute(_BY_PREFIX, {"prefix": prefix})).one_or_none() if well_formed else None
    stored = bytes(row.digest) if row else b""
    if row is None or not hmac.compare_digest(stored, _digest(pepper, prefix, secret)):
        raise unauthenticated()
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise unauthenticated()
    return Caller(prefix, row.name, row.tenant, frozenset(row.scopes))


def unauthenticated() -> Unauthenticated:
    return Unauthenticated(
        "key_required",
        "Cần khóa API còn hiệu lực: gửi tiêu đề Authorization: Bearer <khóa>.",
        "A valid API key is required: send the header Authorization: Bearer <key>.",
    )


def _digest(pepper: bytes, prefix: str, secret: str) -> bytes:
    return hmac.digest(pepper, f"api-key:{prefix}:{secret}".encode(), hashlib.sha256)
