"""What the routes share: settings, scopes, and the moment a question is about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from services.datasets.domain.facts import EARLIEST
from services.datasets.queries.moment import Moment
from services.datasets.schemas.common import Day
from services.datasets.use_cases.watching import WatchRules
from shared.http.app import Context, CurrentContext, with_scope
from shared.http.auth import Caller
from shared.http.moments import KnownAt, known_instant, settled_instant
from shared.runtime.clock import local_date


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator may set: how databases are watched, how far clocks may differ, how long a maintenance may last."""

    watch: WatchRules
    skew: timedelta
    longest_maintenance: timedelta


def current_rules(request: Request) -> Rules:
    rules = request.app.state.rules
    assert isinstance(rules, Rules)  # noqa: S101 - app.state is untyped
    return rules


MANAGE = "datasets.manage"
CurrentRules = Annotated[Rules, Depends(current_rules)]
Reader = Annotated[Caller, with_scope("datasets.read")]
Reporter = Annotated[Caller, with_scope("datasets.report")]


def office(caller: Annotated[Caller, with_scope(MANAGE)]) -> Caller:
    """Who may register: a key that is bound to no agency, since lists hold the databases of many."""
    caller.require_tenant(None)
    return caller


def is_office(caller: Caller) -> bool:
    return caller.tenant is None and caller.may(MANAGE)


Manager = Annotated[Caller, Depends(office)]
CodeInPath = Annotated[str, Path(max_length=64)]
CodeInQuery = Annotated[str | None, Query(max_length=64)]
AsOf = Annotated[Day | None, Query(description="the day asked about; today by default")]


async def settled_known(context: Context, known_at: datetime | None) -> datetime:
    """Up to when what was recorded is known: never later than now, nor than before a change that is under way."""
    return await settled_instant(context, known_instant(known_at, context.clock.now(), EARLIEST))


async def settled_moment(context: CurrentContext, as_of: AsOf = None, known_at: KnownAt = None) -> Moment:
    """The day and the state of knowledge that a question is about: the answer holds for ever."""
    return Moment(as_of or local_date(context.clock.now()), await settled_known(context, known_at))


async def known_asked(context: CurrentContext, known_at: KnownAt = None) -> datetime:
    """The state of knowledge alone, for a question about no day."""
    return await settled_known(context, known_at)


SettledInstant = Annotated[datetime, Depends(known_asked)]
SettledMoment = Annotated[Moment, Depends(settled_moment)]
