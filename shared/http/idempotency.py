"""`Idempotency-Key`: a replayed request gets the first answer again, stored in the transaction of the change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    delete,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import InvalidInput, Refusal
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


@dataclass(frozen=True, slots=True)
class Claim:
    """A request's key, and the fingerprint of what it asks for."""

    caller: str
    key: str
    fingerprint: bytes

    @classmethod
    def of(cls, caller: str, key: str, *, request: Request, body: bytes) -> "Claim":
        if not key.isascii() or not key.isprintable() or not 0 < len(key) <= MAX_KEY_LENGTH:
            raise InvalidInput(
                "idempotency_key_invalid",
                f"Idempotency-Key phải là 1-{MAX_KEY_LENGTH} ký tự ASCII in được, ví dụ một UUID.",
                f"Idempotency-Key must be 1-{MAX_KEY_LENGTH} printable ASCII characters, e.g. a UUID.",
                field="Idempotency-Key",
            )
        return cls(caller, key, _fingerprint(request, body))


async def claim(session: AsyncSession, claimed: Claim, *, at: datetime) -> Response | None:
    """Reserve the key, or return the stored answer. A concurrent duplicate waits here until the first commits."""
    known = (await claim_all(session, [claimed], at=at)).get(claimed)
    if isinstance(known, Refusal):
        raise known
    return known


# In the order of keys, so that transactions that claim several wait for each other one way.
_CLAIM = text(
    """
    INSERT INTO idempotency_keys (caller, key, fingerprint, created_at)
    SELECT caller, key, fingerprint, CAST(:at AS timestamptz)
    FROM unnest(CAST(:callers AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS bytea[]))
         AS claimed (caller, key, fingerprint)
    ORDER BY caller, key
    ON CONFLICT DO NOTHING
    RETURNING caller, key
    """
)


async def claim_all(
    session: AsyncSession, claims: Sequence[Claim], *, at: datetime
) -> dict[Claim, Response | Refusal]:
    """Reserve the keys of several requests, each once; returns those that were known, with their answer or refusal."""
    if not claims:
        return {}
    rows = await session.execute(_CLAIM, {**_columns(claims), "at": at})
    claimed = {(row.caller, row.key) for row in rows}
    return {each: await _known(session, each) for each in claims if (each.caller, each.key) not in claimed}


def _columns(claims: Sequence[Claim]) -> dict[str, list[Any]]:
    return {
        "callers": [each.caller for each in claims],
        "keys": [each.key for each in claims],
        "fingerprints": [each.fingerprint for each in claims],
    }


async def _known(session: AsyncSession, claimed: Claim) -> Response | Refusal:
    stored = (await session.execute(select(idempotency_keys).where(_is(claimed)))).one()
    if bytes(stored.fingerprint) != claimed.fingerprint:
        return InvalidInput(
            "idempotency_key_reused",
            "Idempotency-Key này đã dùng cho một yêu cầu khác: hãy dùng khóa mới cho yêu cầu mới.",
            "This Idempotency-Key was used for another request: use a new key for a new request.",
            field="Idempotency-Key",
        )
    if stored.body is None:
        return InvalidInput(
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
    session: AsyncSession, claimed: Claim, *, request: Request, response: Response, at: datetime
) -> None:
    """Store the answer under a claimed key, with the members that `replay_with` set."""
    if members := getattr(request.state, "replayed_members", None):
        body = bytes(JSONResponse(json.loads(bytes(response.body)) | members).body)
        response = Response(body, response.status_code, response.headers)
    await remember_all(session, {claimed: response}, at=at)


# Found by the keys, whatever statistics tell: an UPDATE would join.
_REMEMBER = text(
    """
    INSERT INTO idempotency_keys AS stored (caller, key, fingerprint, status, headers, body, created_at)
    SELECT caller, key, fingerprint, status, CAST(headers AS jsonb), body, CAST(:at AS timestamptz)
    FROM unnest(CAST(:callers AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS bytea[]),
                CAST(:statuses AS integer[]), CAST(:headers AS text[]), CAST(:bodies AS bytea[]))
         AS answer (caller, key, fingerprint, status, headers, body)
    ON CONFLICT (caller, key) DO UPDATE SET status = excluded.status, headers = excluded.headers, body = excluded.body
    """
)


async def remember_all(
    session: AsyncSession, answers: Mapping[Claim, Response | Refusal], *, at: datetime
) -> None:
    """Store answers under claimed keys; those of requests that were refused are given back."""
    for claimed in [each for each, answer in answers.items() if isinstance(answer, Refusal)]:
        await session.execute(delete(idempotency_keys).where(_is(claimed)))
    stored = {each: answer for each, answer in answers.items() if not isinstance(answer, Refusal)}
    if not stored:
        return
    values = {
        "statuses": [answer.status_code for answer in stored.values()],
        "headers": [json.dumps(_kept_headers(answer)) for answer in stored.values()],
        "bodies": [bytes(answer.body) for answer in stored.values()],
    }
    await session.execute(_REMEMBER, {**_columns(list(stored)), **values, "at": at})


def _kept_headers(response: Response) -> dict[str, str]:
    return {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}


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


def _is(claimed: Claim) -> ColumnElement[bool]:
    return (idempotency_keys.c.caller == claimed.caller) & (idempotency_keys.c.key == claimed.key)
