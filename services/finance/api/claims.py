"""Routes of claims."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from services.finance.api.dependencies import Claimant, CodeParameter, Reader, Stable, covered, require_seen
from services.finance.domain.claims import ClaimStage, NewClaim
from services.finance.domain.ledger import Field, Level, Nature
from services.finance.queries import claims as read
from services.finance.queries.visibility import require_fields
from services.finance.schemas.claims import ClaimIn, ClaimOut, ClaimPage
from services.finance.schemas.fields import YearText
from services.finance.use_cases.claims import state_claim
from shared.http.pagination import DEFAULT_LIMIT, Limit, PageCursor, decode_after, page_answer, small
from shared.http.routes import CurrentActor, CurrentChange, service_router
from shared.http.scalars import BooleanText

router = service_router("finance")
_PAGE_KEY = (str, small, str, str, str, str, small)  # kinds of a claim's key and of its version


async def _filters(
    stage: ClaimStage | None = None,
    year: YearText | None = None,
    level: Level | None = None,
    agency: CodeParameter = None,
    nature: Nature | None = None,
    field: Field | None = None,
) -> dict[str, Any]:
    """The filters on claims: values by column."""
    named = {"stage": stage, "year": year, "level": level, "nature": nature, "field": field}
    return named | {"agency_code": agency}


ClaimFilters = Annotated[dict[str, Any], Depends(_filters)]


@router.post("/claims", status_code=201, tags=["claims"])
async def post_claim(body: ClaimIn, change: CurrentChange, actor: CurrentActor, caller: Claimant) -> ClaimOut:
    """Nêu nhu cầu kinh phí. / State a need of money.

    Lần nêu này thay lần nêu trước cho cùng nội dung. Khóa gắn với một cơ quan nêu cho chính cơ quan đó.

    It supersedes the earlier statement of the same stage, year, level, agency, nature and field. A bound key states for its own agency.
    """
    caller.require_tenant(body.agency_code)
    require_fields(caller.viewer, body.field)
    claim = NewClaim(**dict(body))
    stated = await state_claim(change.session, claim, actor=actor, at=change.at)
    return ClaimOut.model_validate(stated)


@router.get("/claims", tags=["claims"], response_model=ClaimPage)
async def list_claims(
    request: Request,
    caller: Reader,
    stable: Stable,
    filters: ClaimFilters,
    superseded: Annotated[
        BooleanText, Query(description="also the statements that a later one supersedes")
    ] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: PageCursor = None,
) -> Response:
    """Nhu cầu kinh phí tại một ngày. / Claims as of a day.

    Theo điều đã biết; lần nêu của ngày muộn nhất có hiệu lực, trong một ngày thì lần cuối.

    By what was recorded up to `known_at`; the statement of the latest day holds, of one day the last.
    A bound key gets those of its agency and of those below it.
    """
    connection, asked, viewer = stable.connection, asdict(stable.asked), caller.viewer
    await require_seen(connection, viewer, filters["agency_code"], filters["field"])
    total = await read.sum_claims(connection, filters, viewer, **asked)
    after = decode_after(cursor, *_PAGE_KEY)
    rows = await read.list_claims(
        connection, filters, viewer, **asked, superseded=superseded, after=after, limit=limit
    )
    page = {**asked, "total": {"amount": int(total.amount), "agencies": total.agencies}}
    page["coverage"] = covered(viewer)
    return page_answer(request, rows, limit, key=read.page_key, view=lambda row: row._asdict(), **page)
