"""What the routes share: who reads, what the operator set, where a page begins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from services.notify.use_cases.authority import SUBSCRIBE
from services.notify.use_cases.subscriptions import SubscriptionRules
from shared.http.app import with_scope
from shared.http.auth import Caller
from shared.http.pagination import decode_after

READ = "notify.read"
Reader = Annotated[Caller, with_scope(READ)]
Subscriber = Annotated[Caller, with_scope(SUBSCRIBE)]
CodeParameter = Annotated[str | None, Query(min_length=1, max_length=64)]


def current_rules(request: Request) -> SubscriptionRules:
    rules = request.app.state.subscription_rules
    assert isinstance(rules, SubscriptionRules)  # noqa: S101 - app.state is untyped
    return rules


Rules = Annotated[SubscriptionRules, Depends(current_rules)]


def key_after(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where a page begins: the instant and id of the last row of the page before. Raises InvalidInput."""
    after: tuple[datetime, UUID] | None = decode_after(cursor, datetime, UUID)
    return after
