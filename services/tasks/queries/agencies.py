"""Reading agencies."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Text, bindparam, collate, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from services.tasks.domain.electronic_codes import FORMS, forms_of
from services.tasks.tables import (
    Agency,
    AgencyAlias,
    AgencyIdentifier,
    AgencyPredecessor,
)
from shared.runtime.database import AnyRow

_identifiers = (
    select(
        func.coalesce(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_object(
                        "scheme",
                        AgencyIdentifier.scheme,
                        "value",
                        AgencyIdentifier.value,
                        "valid_from",
                        AgencyIdentifier.valid_from,
                        "valid_to",
                        AgencyIdentifier.valid_to,
                    ),
                    AgencyIdentifier.id,
                )
            ),
            func.jsonb_build_array(),
        )
    )
    .where(AgencyIdentifier.agency_code == Agency.code)
    .scalar_subquery()
)

ALIASES = func.array(
    select(AgencyAlias.alias)
    .where(AgencyAlias.agency_code == Agency.code)
    .order_by(collate(AgencyAlias.alias, "C"))  # as Python sorts, whatever the server's locale
    .scalar_subquery(),
    type_=ARRAY(Text),
)

_successor = aliased(AgencyPredecessor)

_successors = func.array(
    select(_successor.successor_code)
    .where(_successor.name == AgencyPredecessor.name)
    .order_by(_successor.position)
    .scalar_subquery(),
    type_=ARRAY(Text),
)

_predecessors = (
    select(
        func.coalesce(
            func.jsonb_agg(
                aggregate_order_by(
                    func.jsonb_build_object(
                        "name",
                        AgencyPredecessor.name,
                        "short_name",
                        AgencyPredecessor.short_name,
                        "valid_to",
                        AgencyPredecessor.valid_to,
                        "unit",
                        AgencyPredecessor.unit,
                        "successor_codes",
                        _successors,
                    ),
                    AgencyPredecessor.name,
                )
            ),
            func.jsonb_build_array(),
        )
    )
    .where(AgencyPredecessor.successor_code == Agency.code)
    .scalar_subquery()
)

_AGENCY = select(
    Agency.code,
    Agency.name,
    Agency.short_name,
    Agency.bloc,
    Agency.level,
    Agency.parent_code,
    Agency.version,
    _identifiers.label("identifiers"),
    ALIASES.label("aliases"),
    _predecessors.label("predecessors"),
)

_AGENCY_BY_CODE = _AGENCY.where(Agency.code == bindparam("code"))

_AGENCY_BY_IDENTIFIER = _AGENCY.where(
    Agency.code.in_(
        select(AgencyIdentifier.agency_code).where(
            (AgencyIdentifier.value == bindparam("code"))
            | (
                AgencyIdentifier.scheme.in_(FORMS)
                & AgencyIdentifier.value.in_(bindparam("forms", expanding=True))
            )
        )
    )
)


async def get_agency(connection: AsyncConnection, code: str) -> AnyRow | None:
    """The agency of a code: its own, or an identifier of any scheme where exactly one agency has it.

    An electronic code matches in either of its forms, whichever is recorded.
    """
    own = (await connection.execute(_AGENCY_BY_CODE, {"code": code})).one_or_none()
    if own is not None:
        return own
    asked = {"code": code, "forms": forms_of(code)}
    others = (await connection.execute(_AGENCY_BY_IDENTIFIER, asked)).all()
    return others[0] if len(others) == 1 else None


async def list_agencies(
    connection: AsyncConnection, wanted: Mapping[str, str | None], *, after: str | None, limit: int
) -> Sequence[AnyRow]:
    """Agencies by code, of a level, bloc or parent where given; at most `limit + 1`."""
    statement = _AGENCY.order_by(Agency.code).limit(limit + 1)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(Agency, name) == value)
    if after is not None:
        statement = statement.where(Agency.code > after)
    return (await connection.execute(statement)).all()


async def agency_exists(connection: AsyncConnection, code: str) -> bool:
    found = await connection.execute(select(Agency.code).where(Agency.code == code))
    return found.scalar_one_or_none() is not None
