"""Parameters and dependencies of several routes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from inspect import Parameter, Signature
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import Agency
from services.notify.use_cases.authority import SUBSCRIBE
from services.notify.use_cases.subjects import SUBJECTS
from services.notify.use_cases.subscriptions import SubscriptionRules
from shared.agencies import require_within
from shared.http.auth import Caller
from shared.http.pagination import decode_after
from shared.http.routes import rules_of, with_scope
from shared.http.visibility import Visibility

READ = "notify.read"
Reader = Annotated[Caller, with_scope(READ, Visibility.CONCERNED)]
OwnReader = Annotated[Caller, with_scope(READ, Visibility.OWN)]
Subscriber = Annotated[Caller, with_scope(SUBSCRIBE, Visibility.OWN)]
CodeParameter = Annotated[str | None, Query(min_length=1, max_length=64)]


def _named_subjects() -> Callable[..., Awaitable[Sequence[tuple[str, str]]]]:
    """A dependency with a query parameter for each kind of subject; its value: the (kind, key) pairs that are given."""

    async def named(**given: object) -> Sequence[tuple[str, str]]:
        return [(kind, str(key)) for kind, key in given.items() if key is not None]

    parameters = [
        Parameter(
            kind,
            Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[subject.key | None, Query(description=subject.key_description)],
        )
        for kind, subject in SUBJECTS.items()
    ]
    named.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what FastAPI reads
    return named


NamedSubjects = Annotated[Sequence[tuple[str, str]], Depends(_named_subjects())]


async def require_visible(connection: AsyncConnection, caller: Caller, agency: str | None) -> None:
    """Refuse a bound key that names an agency neither its own nor below it."""
    await require_within(connection, Agency, caller.viewer, agency)


Rules = Annotated[SubscriptionRules, Depends(rules_of(SubscriptionRules))]


def key_after(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The sort key of the last row of the page before: its instant and id. Raises InvalidInput for another cursor."""
    after: tuple[datetime, UUID] | None = decode_after(cursor, datetime, UUID)
    return after
