"""Registering and declaring many databases: staged in temporary tables, then written in a few statements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError

from services.datasets.domain.contradictions import Declarations
from services.datasets.tables import Amendment, Base, Database, Declaration, Watch
from services.datasets.use_cases.changes import Watched, add_changes, next_version
from services.datasets.use_cases.databases import (
    NewDatabase,
    first_amendment,
    first_watch,
    registered_detail,
    registration,
)
from services.datasets.use_cases.declarations import declared_detail
from services.datasets.use_cases.watching import WatchRules
from shared.events import datasets as events
from shared.imports.overtaken import overtaken
from shared.log.outbox import outbox
from shared.runtime.audit import Actor, audit
from shared.runtime.clock import local_date
from shared.runtime.database import LateChange
from shared.runtime.staging import AT, batches, insert_rows, staged, write_staged

UNIQUE_VIOLATION = "23505"
# a new database is seen as unknown from its recording on, which its events say too
_IS_NEW = "subject IN (SELECT database_code FROM pg_temp.watches)"
_DATED_STATE = f"jsonb_set(data, '{{database,observed_since}}', to_jsonb({AT}))"
_STAGED: dict[Table, Mapping[str, str]] = {
    Base.metadata.tables["databases"]: {"recorded_at": AT},
    Base.metadata.tables["amendments"]: {"recorded_at": AT},
    Base.metadata.tables["watches"]: {"observed_since": AT, "checked_at": AT},
    Base.metadata.tables["declarations"]: {"recorded_at": AT},
    outbox: {
        "time": AT,
        "data": f"CASE WHEN {_IS_NEW} THEN {_DATED_STATE} ELSE data END",
    },
    audit: {"at": AT},
}


@dataclass
class Batch:
    """Registrations and declarations as they will be recorded; `at` stands for their instant until it is known.

    Attributes:
        known: the databases that are registered, locked.
        declarations: on each of these.
    """

    known: Mapping[str, Watched]
    declarations: Mapping[str, Declarations]
    rules: WatchRules
    actor: Actor
    at: datetime
    _databases: list[Database] = field(default_factory=list)
    _amendments: list[Amendment] = field(default_factory=list)
    _watches: dict[str, Watched] = field(default_factory=dict)
    _declarations: list[Declaration] = field(default_factory=list)
    _changes: list[tuple[events.DatabaseEvent, int]] = field(default_factory=list)

    def register(self, new: NewDatabase) -> None:
        database = Database(**registration(new, actor=self.actor, at=self.at))
        watched = Watched(database, first_watch(new, at=self.at), [])
        self._watches[new.code] = watched
        self._databases.append(database)
        self._amendments.append(first_amendment(new, actor=self.actor, at=self.at))
        watched.watch.phase = watched.watch.ndc_connection = None
        _examine(watched.watch, None)
        self._changes.append(next_version(watched, events.DatabaseRegistered, registered_detail(new)))

    def declare(self, declaration: Declaration) -> None:
        """Add a declaration; the watch examines the database next, and records the contradictions that follow.

        A new database has no heartbeats: only its silence can contradict the declaration.
        """
        code = declaration.database_code
        values = (declaration.phase, declaration.ndc_connection, declaration.effective_on)
        declarations = self.declarations.get(code, Declarations()).with_declaration(*values)
        today = local_date(self.at)
        watched = self._watches.get(code) or self.known[code]
        watch = watched.watch
        watch.phase, watch.ndc_connection = declarations.phase(today), declarations.connection(today)
        if code in self.known:
            _examine(watch, self.at)
        elif watch.in_time is not None:
            _examine(watch, self.at + self.rules.silent_after)
        self._declarations.append(declaration)
        self._changes.append(next_version(watched, events.DatabaseDeclared, declared_detail(declaration)))

    async def record(self, change: LateChange) -> datetime:
        """Announce the change and record all of it; returns its instant. Raises Overtaken where a code was taken meanwhile."""
        session = change.session
        await session.flush()  # the watches of those that are registered: nothing of theirs is dated
        async with staged(session, _STAGED):
            await insert_rows(session, Database, [vars(each) for each in self._databases])
            await insert_rows(session, Amendment, [vars(each) for each in self._amendments])
            await insert_rows(session, Watch, [vars(each.watch) for each in self._watches.values()])
            await insert_rows(session, Declaration, [vars(each) for each in self._declarations])
            for changes in batches(self._changes):
                await add_changes(session, changes, actor=self.actor, at=self.at)
        at = await change.announce()
        try:
            await write_staged(session, _STAGED, at=at)
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) == UNIQUE_VIOLATION:
                raise overtaken() from error
            raise
        return at


def _examine(watch: Watch, instant: datetime | None) -> None:
    """Schedule the next examination of a database at an instant, or with None at its next heartbeat."""
    watch.next_check_at = watch.other_check_at = instant
    watch.is_steady = False
