"""Rows of several tables inserted by one statement: one round trip, where each table by itself would take one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam, func, insert, literal_column, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from shared.runtime.database import AnySelect


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows of a table, all with the same columns; `as_json`: an array of objects, their members named as these."""

    table: Table
    columns: tuple[str, ...]
    as_json: str

    @classmethod
    def of(cls, table: Table, rows: Sequence[Mapping[str, Any]]) -> "NewRows":
        """`rows`: values by column, such as `vars` of mapped objects; other names are passed over."""
        columns = tuple(name for name in (rows[0] if rows else ()) if name in table.c)
        given = [{name: row[name] for name in columns} for row in rows]
        return cls(table, columns, json.dumps(given, default=str, ensure_ascii=False))


_NOTHING: AnySelect = select(literal_column("1"))


async def insert_together(
    session: AsyncSession, rows: Sequence[NewRows], beside: AnySelect = _NOTHING, **values: Any
) -> None:
    """Insert rows of different tables; references among them are checked when all are there.

    `beside`: a constant query that the same statement runs, with its parameters; it need not see these rows.
    """
    given = [each for each in rows if each.columns]
    if given:
        statement = _statement(tuple((each.table, each.columns) for each in given), beside)
        await session.execute(statement, {f"rows_{n}": each.as_json for n, each in enumerate(given)} | values)


@lru_cache(maxsize=128)
def _statement(shapes: tuple[tuple[Table, tuple[str, ...]], ...], whole: AnySelect) -> AnySelect:
    for n, (table, columns) in enumerate(shapes):
        given = func.jsonb_populate_recordset(
            text(f"NULL::{table.name}"), bindparam(f"rows_{n}", type_=Text).cast(JSONB)
        ).table_valued(*columns, name="given")
        whole = whole.add_cte(insert(table).from_select(columns, select(given)).cte(f"inserted_{n}"))
    return whole
