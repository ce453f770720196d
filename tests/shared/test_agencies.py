"""A service's copy of the agencies follows the newest that tasks told, and says what a wrong code was meant for."""

import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.orm import DeclarativeBase

from shared.agencies import AgencyCopy, record_agency, require_agencies, within
from shared.errors import InvalidInput
from shared.events.tasks import AgencyRecorded
from shared.runtime.database import NAMING, Database
from tests.conftest import PLATFORM, MakeDatabase
from tests.support.writing import writing


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Agency(AgencyCopy, Base):
    __tablename__ = "agencies"


def agency(code: str, name: str, parent: str | None = None, short: str | None = None) -> AgencyRecorded:
    return AgencyRecorded(
        code=code, name=name, short_name=short, bloc="government", level="central", parent_code=parent
    )


TOLD = (
    agency("G12", "Bộ Nội vụ", short="BNV"),
    agency("G12.1", "Cục Văn thư và Lưu trữ nhà nước", "G12"),
    agency("G12.1.1", "Trung tâm Lưu trữ quốc gia I", "G12.1"),
    agency("G01", "Bộ Công an"),
    agency("00004", "Phường Ba Đình", "01"),
    agency("00100", "Phường Trung Tâm", "01"),
    agency("00200", "Phường Trung Tâm", "02"),
)


@pytest.fixture
async def database(make_database: MakeDatabase) -> Database:
    database = await make_database(PLATFORM)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await tell(database, *TOLD)
    return database


async def tell(database: Database, *told: AgencyRecorded, version: int = 1) -> None:
    async with writing(database) as session:
        for each in told:
            await record_agency(session, Agency, each, version=version)


async def refusal(database: Database, *codes: str) -> InvalidInput:
    async with writing(database) as session:
        with pytest.raises(InvalidInput) as refused:
            await require_agencies(session, Agency, codes, "lines.agency_code")
    return refused.value


async def below(database: Database, code: str) -> set[str]:
    async with database.reading() as connection:
        return set((await connection.execute(within(Agency, code))).scalars())


@pytest.mark.parametrize("versions", [(4, 5), (5, 4), (5, 5)])
async def test_the_newest_version_stays_whatever_the_order(
    database: Database, versions: tuple[int, int]
) -> None:
    for version in versions:
        name = {4: "Bộ Nội vụ cũ", 5: "Bộ Nội vụ mới"}[version]
        await tell(database, agency("G12", name, "G01", f"v{version}"), version=version)
    async with database.reading() as connection:
        row = (await connection.execute(select(Agency.__table__).where(Agency.code == "G12"))).one()
    assert tuple(row)[:7] == ("G12", 5, "Bộ Nội vụ mới", "v5", "government", "central", "G01")


async def test_an_agency_and_all_below_it(database: Database) -> None:
    assert await below(database, "G12") == {"G12", "G12.1", "G12.1.1"}
    assert await below(database, "G12.1.1") == {"G12.1.1"}
    assert await below(database, "01") == {"01", "00004", "00100"}  # a parent not told of yet


async def test_a_circle_ends(database: Database) -> None:
    await tell(database, agency("G12", "Bộ Nội vụ", "G12.1.1"), version=2)
    assert await below(database, "G12.1") == {"G12", "G12.1", "G12.1.1"}


async def test_known_codes_pass(database: Database) -> None:
    """They are not refused: nothing is raised."""
    async with writing(database) as session:
        await require_agencies(session, Agency, ["G12", "G01", "G12"], "owner_code")
        await require_agencies(session, Agency, [], "owner_code")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("g12", "G12"),
        ("G 12", "G12"),
        ("bnv", "G12"),
        ("Bộ Nội Vụ", "G12"),
        ("Cục văn thư lưu trữ nhà nước", "G12.1"),
        ("4", "00004"),  # a spreadsheet took its zeros
        ("G13", None),  # a like code is another agency
        ("Phường Trung Tâm", None),  # there are two
        ("Sở Tài chính", None),
        ("", None),
    ],
)
async def test_what_was_probably_meant(database: Database, typed: str, meant: str | None) -> None:
    refused = await refusal(database, "G01", typed)
    assert (refused.code, refused.field) == ("agency_unknown", "lines.agency_code")
    assert refused.extra == {"unknown": [typed], "nearest": {typed: meant} if meant else {}}
    assert (f"có phải {meant}?" in refused.vi) is (f"meant {meant}?" in refused.en) is (meant is not None)


async def test_many_unknown_codes_are_all_told_and_few_named(database: Database) -> None:
    codes = [f"X{number:03}" for number in range(400)]
    refused = await refusal(database, *codes)
    assert refused.extra["unknown"] == codes
    assert "X004 và 395 mã khác" in refused.vi
    assert "X005" not in refused.vi
