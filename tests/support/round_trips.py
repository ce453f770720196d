"""Round trips to PostgreSQL, counted where they leave: statements of SQLAlchemy, and what begins and ends transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from shared.runtime import database as database_module
from shared.runtime.database import Database


@contextmanager
def round_trips(database: Database) -> Iterator[list[str]]:
    """The statements sent within the block, one for each round trip.

    Without the list of revoked keys, which all requests of half a second share.
    """
    sent: list[str] = []

    async def execute(connection: Any, query: str, *args: Any, **options: Any) -> Any:
        sent.append(query)
        return await simple(connection, query, *args, **options)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "revoked_keys" not in statement:
            sent.append(statement)

    simple = database_module._Connection.execute
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module._Connection, "execute", execute)
        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(database.engine.sync_engine, "before_cursor_execute", note)
