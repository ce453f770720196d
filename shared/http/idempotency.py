"""`Idempotency-Key`: a replayed request gets the first answer again, stored in the transaction of the change."""

import hashlib
import json
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Table, Text, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import InvalidInput
from shared.runtime.database import platform_metadata

MAX_KEY_LENGTH = 200
REPLAYED = "Idempotency-Replayed"  # header of an answer that was given before

idempotency_keys = Table(
    "idempotency_keys",
    platform_metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("body", LargeBinary),  # null where it had been encrypted, by version 7 of the platform tables
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index(None, "created_at"),
)
_KEPT_HEADERS = ("content-type", "etag", "location", "link")


def replay_with(request: Request, **members: Any) -> None:
    """Set members of this request's answer that stand in it when it is replayed: a secret is shown once, and not stored."""
    request.state.replayed_members = members


async def claim(
    session: AsyncSession, caller: str, key: str, *, request: Request, body: bytes, at: datetime
) -> Response | None:
    """Reserve the key, or return the stored answer. A concurrent duplicate waits here until the first commits."""
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidInput(
            "idempotency_key_invalid",
            f"Idempotency-Key phải là 1-{MAX_KEY_LENGTH} ký tự ASCII in được, ví dụ một UUID.",
            f"Idempotency-Key must be 1-{MAX_KEY_LENGTH} printable ASCII characters, e.g. a UUID.",
            field="Idempotency-Key",
        )
    fingerprint = _fingerprint(request, body)
    claimed = await session.execute(
        insert(idempotency_keys)
        .values(caller=caller, key=key, fingerprint=fingerprint, created_at=at)
        .on_conflict_do_nothing()
        .returning(idempotency_keys.c.key)
    )
    if claimed.one_or_none():
        return None
    stored = (await session.execute(select(idempotency_keys).where(_is(caller, key)))).one()
    if bytes(stored.fingerprint) != fingerprint:
        raise InvalidInput(
            "idempotency_key_reused",
            "Idempotency-Key này đã dùng cho một yêu cầu khác: hãy dùng khóa mới cho yêu cầu mới.",
            "This Idempotency-Key was used for another request: use a new key for a new request.",
            field="Idempotency-Key",
        )
    if stored.body is None:
        raise InvalidInput(
            "idempotency_answer_unreadable",
            "Yêu cầu mang Idempotency-Key này đã được thực hiện, nhưng câu trả lời đã lưu không còn đọc được: tra kết quả "
            "trong danh sách; gửi lại với khóa khác là thực hiện lần nữa.",
            "The request with this Idempotency-Key was carried out, but its stored answer can no longer be read: look up the "
            "result in the lists; to send it under another key is to do it again.",
            field="Idempotency-Key",
        )
    headers = {**stored.headers, REPLAYED: "true"}
    return Response(bytes(stored.body), stored.status, headers)


async def remember(
    session: AsyncSession, caller: str, key: str, *, request: Request, response: Response
) -> None:
    """Store the answer under a claimed key, with the members that `replay_with` set."""
    body = bytes(response.body)
    if members := getattr(request.state, "replayed_members", None):
        body = bytes(JSONResponse(json.loads(body) | members).body)
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    await session.execute(
        update(idempotency_keys)
        .where(_is(caller, key))
        .values(status=response.status_code, headers=headers, body=body)
    )


def _fingerprint(request: Request, body: bytes) -> bytes:
    words = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(words + _without_boundary(request, body)).digest()


def _without_boundary(request: Request, body: bytes) -> bytes:
    """A multipart body without its boundary, which clients draw anew for each try."""
    kind, _, boundary = request.headers.get("content-type", "").partition("boundary=")
    return (
        body.replace(boundary.strip('"').encode(), b"")
        if kind.startswith("multipart/") and boundary
        else body
    )


def _is(caller: str, key: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a column expression has no short type
    return (idempotency_keys.c.caller == caller) & (idempotency_keys.c.key == key)
