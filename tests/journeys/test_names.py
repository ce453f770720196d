"""Every name that ships, living and former, through every importer: found right or refused, alike everywhere."""

import csv
import io
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from services.datasets.tables import Agency as DatasetsAgency
from services.datasets.use_cases.imports import read_list
from services.finance.tables import Agency as FinanceAgency
from services.finance.use_cases.imports.files import read_file
from services.tasks.use_cases.annexes import read_annex
from services.tasks.use_cases.documents import record_document, record_programme
from services.tasks.use_cases.seeding import load_catalogue
from shared.agencies import AgencyCopy, record_agency
from shared.events import tasks as events
from shared.imports.rows import Problem
from shared.log.outbox import outbox
from shared.runtime.audit import SYSTEM
from shared.runtime.database import Database
from shared.spreadsheets import Upload
from tests.conftest import MakeDatabase
from tests.support.names import AGENCIES, FORMER
from tests.support.writing import writing

AT = datetime(2025, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Read:
    """What one importer made of one name: codes of agencies, or what stood in the way."""

    codes: tuple[str, ...]
    problems: tuple[Problem, ...]


Importer = Callable[[Sequence[str]], Awaitable[list[Read]]]


def bare(name: str) -> str:
    """Without diacritics, as on a keyboard that has none."""
    letters = unicodedata.normalize("NFD", name).translate({ord("đ"): "d", ord("Đ"): "D"})
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def spellings(name: str) -> Iterator[str]:
    """As offices write it."""
    yield from (name, name.upper(), name.lower(), bare(name), unicodedata.normalize("NFD", name), f" {name} ")
    if name.startswith("Tỉnh "):
        yield from (f"UBND {name.lower()}", f"Ủy ban nhân dân {name}", f"UỶ BAN NHÂN DÂN {name.upper()}")


FORMER_SPELLINGS = [(body, spelt) for body in FORMER for name in body.names for spelt in spellings(name)]
LIVING_SPELLINGS = [
    (agency.code, spelt)
    for agency in AGENCIES
    if agency.level != "commune"
    for name in (agency.name, agency.short_name, *agency.aliases)
    for spelt in spellings(name)
]
STRANGERS = {
    "Bộ Ngoại vụ",
    "Sở Công Thương",
    "Bộ Khoa học và Công nghiệp",
    "Tỉnh Quảng Vinh",
    "Trường Đại học Vinh",
}


@pytest.fixture
async def importers(make_database: MakeDatabase) -> dict[str, Importer]:
    """The importers of three services, each on a database of its own; two know agencies from events alone."""
    tasks = await make_database("tasks")
    async with writing(tasks) as session:
        await load_catalogue(session, actor=SYSTEM, at=AT)
        await record_programme(session, events.ProgrammeRecorded(code="NQ57", title="NQ57"), SYSTEM, AT)
        given_by = events.DocumentRecorded(
            code="71/NQ-CP", type="Nghị quyết", issued_on=date(2025, 4, 1), title="71"
        )
        await record_document(session, given_by, SYSTEM, AT)
    datasets, finance = await make_database("datasets"), await make_database("finance")
    for database, table in ((datasets, DatasetsAgency), (finance, FinanceAgency)):
        await _tell(tasks, database, table)
    return {
        "tasks": lambda names: _tasks(tasks, names),
        "datasets": lambda names: _datasets(datasets, names),
        "finance": lambda names: _finance(finance, names),
    }


async def _tell(tasks: Database, follower: Database, table: type[AgencyCopy]) -> None:
    async with tasks.reading() as connection:
        told = select(outbox.c.data).where(outbox.c.type == events.AgencyRecorded.event_type)
        states = [
            events.AgencyRecorded.model_validate(data) for data in (await connection.execute(told)).scalars()
        ]
    async with writing(follower) as session:
        for state in states:
            await record_agency(session, table, state, version=1)


async def _tasks(database: Database, names: Sequence[str]) -> list[Read]:
    rows = [(n, f"Nhiệm vụ {n}", name, "Tháng 6/2025") for n, name in enumerate(names)]
    file = _file(("STT", "Nhiệm vụ", "Cơ quan chủ trì", "Thời hạn"), rows)
    read = await read_annex(
        database, Upload("a.csv", file), programme="NQ57", document="71/NQ-CP", before_includes_day=False
    )
    return [
        Read(
            tuple(item.agency_code for item in row.assigned.assignments if item.role == "lead"),
            tuple(row.problems),
        )
        for row in read.rows
    ]


async def _datasets(database: Database, names: Sequence[str]) -> list[Read]:
    rows = [(f"DB-{n}", "Cơ sở dữ liệu", "Quốc gia", name) for n, name in enumerate(names)]
    file = _file(("Mã", "Tên", "Loại", "Chủ quản"), rows)
    read = await read_list(database, Upload("a.csv", file), today=AT.date())
    return [Read((row.owner_code,) if row.owner_code else (), tuple(row.problems)) for row in read.rows]


async def _finance(database: Database, names: Sequence[str]) -> list[Read]:
    headings = ("Cơ quan", "Cấp", "Tính chất", "Lĩnh vực", "Số tiền (đồng)", "Ngày", "Số chứng từ")
    rows = [(name, "TW", "ĐTPT", "CĐS", "1000", "19/05/2025", f"PC{n}") for n, name in enumerate(names)]
    read = await read_file(
        database,
        Upload("a.csv", _file(headings, rows)),
        year=2025,
        unit=None,
        today=AT.date(),
        defence_security=True,
    )
    return [Read((row.agency_code,) if row.agency_code else (), tuple(row.problems)) for row in read.rows]


def _file(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([headings, *rows])
    return file.getvalue().encode()


async def test_every_former_name_is_refused_with_its_successors_by_every_importer(
    importers: dict[str, Importer],
) -> None:
    for service, importer in importers.items():
        read = await importer([spelt for _, spelt in FORMER_SPELLINGS])
        assert len(read) == len(FORMER_SPELLINGS)
        for (body, spelt), each in zip(FORMER_SPELLINGS, read, strict=True):
            if service == "tasks" and body.unit:
                assert each.codes in {(), body.successors[:1]}, (service, spelt)
                continue
            assert each.codes == (), (service, spelt)
            [problem] = each.problems
            assert problem.code == ("agency_is_unit" if body.unit else "agency_dissolved"), (service, spelt)
            assert tuple(item.code for item in problem.suggestions) == body.successors, (service, spelt)
            assert all(code in problem.detail and code in problem.detail_en for code in body.successors)


async def test_every_living_name_is_found_right_by_every_importer(importers: dict[str, Importer]) -> None:
    for service, importer in importers.items():
        read = await importer([spelt for _, spelt in LIVING_SPELLINGS])
        wrong = {
            spelt: each
            for (code, spelt), each in zip(LIVING_SPELLINGS, read, strict=True)
            if each != Read((code,), ())
        }
        assert not wrong, service


async def test_a_name_that_no_agency_has_is_given_to_none_by_every_importer(
    importers: dict[str, Importer],
) -> None:
    for service, importer in importers.items():
        for name, each in zip(STRANGERS, await importer(list(STRANGERS)), strict=True):
            assert each.codes == (), (service, name)
            assert [problem.code for problem in each.problems] == ["agency_not_found"], (service, name)
