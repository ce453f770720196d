"""The money and the events that a viewer sees: of its agency and those below it; of defence and security by its key."""

from sqlalchemy import ColumnElement

from services.finance.domain.ledger import Field
from services.finance.tables import Account, Agency, Claim, ClaimInForce
from shared.agencies import WITHIN_VIEWER, is_within
from shared.errors import Forbidden
from shared.keys.viewers import Viewer
from shared.log.reader import EventFilter


def seen_by(viewer: Viewer, row: type[Account | Claim | ClaimInForce]) -> list[ColumnElement[bool]]:
    """The conditions on what the viewer sees; of a bound one they have the parameter `viewer`."""
    conditions: list[ColumnElement[bool]] = []
    if viewer.is_bound:
        conditions.append(is_within(row.agency_code, Agency))
    if not viewer.defence_security:
        conditions.append(row.field != Field.DEFENCE_SECURITY.value)
    return conditions


def viewer_value(viewer: Viewer) -> dict[str, str | None]:
    """The parameter of those conditions, which a statement has for a bound viewer only."""
    return {"viewer": viewer.agency} if viewer.is_bound else {}


def require_fields(viewer: Viewer, *fields: str | None) -> None:
    """Refuse money of defence and security to a key that may not see it. Raises Forbidden."""
    if Field.DEFENCE_SECURITY in fields and not viewer.defence_security:
        raise defence_refused()


def defence_refused() -> Forbidden:
    return Forbidden(
        "defence_security_refused",
        "Khóa này không được xem hay ghi tiền quốc phòng, an ninh: bỏ phần đó, hoặc đề nghị văn phòng cấp khóa có quyền này.",
        "This key may neither see nor move money of defence and security: leave it out, or ask the office for a key that may.",
        field="field",
    )


def hidden_fields(viewer: Viewer) -> list[Field]:
    return [] if viewer.defence_security else [Field.DEFENCE_SECURITY]


# Events of decisions hold sums: one is visible if all its lines are. Those of budgets leave defence and security out,
# as `fields_excluded` says; older events have no such member.
_EVENTS = f"""
    CASE
        WHEN data->'claim' IS NOT NULL
            THEN (CAST(:viewer AS text) IS NULL OR data->'claim'->>'agency_code' = ANY(ARRAY({WITHIN_VIEWER})))
             AND (CAST(:defence_security AS boolean) OR data->'claim'->>'field' <> 'defence_security')
        WHEN data->'budget' IS NOT NULL
            THEN (CAST(:viewer AS text) IS NULL OR data->'budget'->>'agency_code' = ANY(ARRAY({WITHIN_VIEWER})))
             AND (CAST(:defence_security AS boolean) OR data->'budget'->'fields_excluded' IS NOT NULL OR NOT EXISTS (
                SELECT FROM accounts
                WHERE year = CAST(data->'budget'->>'year' AS integer) AND level = data->'budget'->>'level'
                  AND agency_code = data->'budget'->>'agency_code' AND field = 'defence_security'))
        ELSE NOT EXISTS (
            SELECT FROM postings JOIN accounts ON accounts.id = postings.account_id
            WHERE postings.decision_id = CAST(data->'decision'->>'id' AS uuid)
              AND NOT (
                (CAST(:viewer AS text) IS NULL OR accounts.agency_code = ANY(ARRAY({WITHIN_VIEWER})))
                AND (CAST(:defence_security AS boolean) OR accounts.field <> 'defence_security')))
    END
"""  # noqa: S608 - put together from constants


def visible_events(viewer: Viewer) -> EventFilter | None:
    if viewer.defence_security and not viewer.is_bound:
        return None
    values = {"viewer": viewer.agency, "defence_security": viewer.defence_security}
    return EventFilter(_EVENTS, values)
