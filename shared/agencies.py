"""A service's own copy of the agencies, kept from the events of tasks.

Business in `shared`, as evidence and the event contracts are: every service but tasks keeps this same copy.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.fuzz import ratio
from sqlalchemy import Index, Select, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from shared.errors import InvalidInput
from shared.events.envelope import EventData
from shared.events.tasks import AgencyRecorded
from shared.folding import fold
from shared.inbox import Delivery, Handler

ALIKE = 85  # of 100: two slips in a name of usual length; a lower figure begins to suggest other ministries
NAME_LENGTH = 8  # letters of the shortest text that is compared as a name; a code is shorter
NAMED = 5  # codes that one sentence names; `unknown` has them all
COPIED = {"name", "short_name", "bloc", "level", "parent_code"}


class AgencyCopy:
    """An agency as the tasks service last told of it. Its parent may not have been told of yet."""

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Index]:  # noqa: N805 - SQLAlchemy calls it with the mapped class
        return (Index(None, "parent_code"),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    short_name: Mapped[str | None] = mapped_column(Text)
    bloc: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)


async def record_agency(
    session: AsyncSession, table: type[AgencyCopy], agency: AgencyRecorded, *, version: int
) -> None:
    """Take an agency into the copy; what is not newer than the copy changes nothing."""
    row = {"version": version, **agency.model_dump(include=COPIED)}
    await session.execute(
        insert(table)
        .values(code=agency.code, **row)
        .on_conflict_do_update(index_elements=["code"], set_=row, where=table.version < version)
    )


def agency_handlers(table: type[AgencyCopy]) -> dict[str, Handler]:
    """By event type, how a consumer of the log of tasks keeps the copy."""

    async def record(session: AsyncSession, event: EventData, delivery: Delivery) -> None:
        assert isinstance(event, AgencyRecorded)  # noqa: S101 - the consumer parses by type
        await record_agency(session, table, event, version=delivery.version)

    return {AgencyRecorded.event_type: record}


def within(table: type[AgencyCopy], tenant: str) -> Select[str]:
    """Codes of an agency and all below it; UNION makes the walk end even where the tree has a circle."""
    below = select(literal(tenant).label("code")).cte("below", recursive=True)
    below = below.union(select(table.code).join(below, table.parent_code == below.c.code))
    return select(below.c.code)


async def require_agencies(
    session: AsyncSession, table: type[AgencyCopy], codes: Iterable[str], field: str
) -> None:
    """Refuse codes that name no agency; `nearest` tells which agency was probably meant, where one was.

    Raises InvalidInput `agency_unknown` with `unknown`, the codes, and `nearest`, a code for each that has one.
    """
    wanted = sorted(set(codes))
    known = await session.scalars(select(table.code).where(table.code == any_(literal(wanted, ARRAY(Text)))))
    if not (unknown := sorted(set(wanted).difference(known))):
        return
    rows = await session.execute(select(table.code, table.name, table.short_name))
    keys = _keys((code, (code, name, short_name or name)) for code, name, short_name in rows)
    nearest = {code: found for code in unknown if (found := _nearest(code, keys)) is not None}
    vi, en = (
        _list(unknown, nearest, "có phải", "và {} mã khác"),
        _list(unknown, nearest, "meant", "and {} more"),
    )
    raise InvalidInput(
        "agency_unknown",
        f"Không có cơ quan mã {vi}: tra mã tại /tasks/v1/agencies, hoặc chờ ít giây nếu cơ quan vừa được ghi nhận.",
        f"There is no agency {en}: look the code up at /tasks/v1/agencies, or wait a few seconds if it is new.",
        field=field,
        unknown=unknown,
        nearest=nearest,
    )


def _keys(agencies: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, str]:
    """Code by each folded spelling that belongs to one agency alone."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, spellings in agencies:
        for spelling in spellings:
            found[_key(spelling)].add(code)
    return {key: next(iter(codes)) for key, codes in found.items() if len(codes) == 1}


def _key(text: str) -> str:
    """Spreadsheets take the zeros off a code's front; people put spaces into it."""
    return fold(text).replace(" ", "").lstrip("0")


def _nearest(text: str, keys: Mapping[str, str]) -> str | None:
    """The agency that a code or name was probably meant for; of like names only, since a like code means another."""
    key = _key(text)
    if key in keys:
        return keys[key]
    if len(key) < NAME_LENGTH:
        return None
    found = process.extractOne(key, keys.keys(), scorer=ratio, score_cutoff=ALIKE)
    return None if found is None else keys[found[0]]


def _list(unknown: Sequence[str], nearest: Mapping[str, str], meant: str, more: str) -> str:
    """The first codes, each with what was probably meant, and how many more there are."""
    named = [f"{code} ({meant} {nearest[code]}?)" if code in nearest else code for code in unknown[:NAMED]]
    rest = len(unknown) - len(named)
    return ", ".join(named) + (f" {more.format(rest)}" if rest else "")
