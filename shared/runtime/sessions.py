"""A check that a connection keeps its server session, which it does not in some pool modes of PgBouncer.

Ours must: LISTEN, session advisory locks (one relay per service, who runs a component), the role and the time limits
set at connect, and prepared statements are all of a session. https://www.pgbouncer.org/features.html
"""

import asyncio
from typing import Any

import asyncpg
from sqlalchemy import URL

TRIALS = 3  # other clients may get the server connection that a trial released, and hide the release
TIMEOUT_SECONDS = 10.0
_BACKEND = "SELECT pg_backend_pid()"
_STATEMENT_MODE = "statement pooling"  # PgBouncer: "transaction blocks not allowed in statement pooling mode"


async def keeps_session(url: URL) -> bool:
    """True if two connections to `url` have a server process each, from one transaction to the next.

    Raises asyncpg's errors, and TimeoutError where no session becomes free.
    """
    async with asyncio.timeout(TIMEOUT_SECONDS):
        first, second = await _connect(url), await _connect(url)
        try:
            for _ in range(TRIALS):
                before = await _backend(first)
                if before in (await _backend(second), None) or before != await _backend(first):
                    return False
            return True
        finally:
            for connection in (first, second):
                connection.terminate()


async def _connect(url: URL) -> Any:
    _, arguments = url.get_dialect()().create_connect_args(url)
    return await asyncpg.connect(**arguments, statement_cache_size=0)


async def _backend(connection: Any) -> int | None:
    """The server process of a transaction; None where the pooler admits no transaction.

    Within one, the parts of a statement reach one process in every mode.
    """
    try:
        async with connection.transaction():
            found: int = await connection.fetchval(_BACKEND)
            return found
    except asyncpg.PostgresError as error:
        if _STATEMENT_MODE in str(error):
            return None
        raise
