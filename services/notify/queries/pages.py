"""Pages of rows in the order of an instant and their id."""

from typing import Any

from sqlalchemy import select, true

from shared.runtime.database import AnySelect


def in_order(statement: AnySelect, instant: Any, row_id: Any, *, newest_first: bool) -> AnySelect:
    return (
        statement.order_by(instant.desc(), row_id.desc())
        if newest_first
        else statement.order_by(instant, row_id)
    )


def page_of_keys(keys: AnySelect, rows: AnySelect, key: Any, *, newest_first: bool, limit: int) -> AnySelect:
    """Ids of the first `limit` rows of many keys together: of each key its first ones, by an index on key, instant and id.

    A condition on all keys at once leaves the planner to choose between sorting every row of theirs and reading others'
    rows in order.

    Args:
        keys: their values, such as the agencies below one.
        rows: instant and id, with further conditions.
        key: a column of these rows, equal to one of the keys.
        newest_first: the order.
        limit: rows of the page.
    """
    given = keys.subquery("keys")
    instant, row_id = rows.selected_columns
    first = in_order(rows.where(key == given.c[0]), instant, row_id, newest_first=newest_first)
    found = first.limit(limit).lateral("found")
    page = select(found.c.id).select_from(given).join(found, true())
    return in_order(page, *found.c, newest_first=newest_first).limit(limit)
