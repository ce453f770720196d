"""The platform tables as numbered versions, applied by revisions of every service.

A change to these tables is a function at the end of `VERSIONS` and, in each service, a revision that calls
`upgrade(since=<the version before>, to=<the new one>)`. A new service's first revision calls `upgrade(to=<the newest>)`.
"""

from collections.abc import Callable

from shared.platform.closed_dead_letters import close_dead_letters
from shared.platform.first_tables import create_first_tables
from shared.platform.identity import identify_log
from shared.platform.keys import replace_api_keys
from shared.platform.partitioned_log import partition_log_and_inbox
from shared.platform.readable_answers import remove_encrypted_answers
from shared.platform.retention_indexes import index_for_retention

VERSIONS: tuple[Callable[[], None], ...] = (
    create_first_tables,
    partition_log_and_inbox,
    close_dead_letters,
    replace_api_keys,
    index_for_retention,
    identify_log,
    remove_encrypted_answers,
)


def upgrade(*, since: int = 0, to: int) -> None:
    """Migrate the platform tables from version `since` (0: there are none) to version `to`."""
    assert 0 <= since < to <= len(VERSIONS)  # noqa: S101 - a revision's mistake, seen by the first run
    for version in VERSIONS[since:to]:
        version()
