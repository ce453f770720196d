"""Routes of deadlines: reading one from words, and extending a task's."""

from dataclasses import asdict
from uuid import UUID

from fastapi import Response

from services.tasks.api.dependencies import (
    CurrentManagedChange,
    CurrentRules,
    Reader,
    changed_task,
)
from services.tasks.domain.deadlines import read_deadline
from services.tasks.schemas.deadlines import ExtensionIn, ReadingIn, ReadingOut
from services.tasks.schemas.tasks import (
    TaskOut,
)
from services.tasks.use_cases import extensions
from services.tasks.use_cases.documents import require_document
from shared.http.openapi import sent
from shared.http.problems import documented
from shared.http.routes import service_router

router = service_router("tasks")


@router.post("/deadline-readings", tags=["deadlines"])
async def read_deadline_text(body: ReadingIn, rules: CurrentRules, _: Reader) -> ReadingOut:
    """Đọc một thời hạn từ lời văn bản, không ghi gì. / Read a deadline from a document's words, without recording anything."""
    reading = read_deadline(body.text, body.issued_on, before_includes_day=rules.before_includes_day)
    return ReadingOut.model_validate(asdict(reading))


@router.post(
    "/tasks/{task_id}/extensions",
    status_code=201,
    tags=["tasks"],
    response_model=TaskOut,
    responses=documented(404, 409) | sent(201, "ETag"),
)
async def extend_deadline(task_id: UUID, body: ExtensionIn, change: CurrentManagedChange) -> Response:
    """Gia hạn một nhiệm vụ theo văn bản cho phép. / Extend a deadline by the document that approves it."""
    document = await require_document(change.session, body.document_code)
    reading = read_deadline(
        body.deadline_text, document.issued_on, before_includes_day=change.rules.before_includes_day
    )
    detail = {"reason": body.reason, "document_code": body.document_code}
    await extensions.extend_deadline(
        change.session, task_id, reading, actor=change.actor, at=change.at, **detail
    )
    return await changed_task(change, task_id, 201)
