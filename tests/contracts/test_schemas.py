"""Contracts stay what they were: stored schemas, samples of every version, and changes that only add."""

import copy
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args
from uuid import NAMESPACE_URL, uuid5

import jsonschema
import pytest
from sqlalchemy import func, select

from services.notify.main import SERVICE
from services.notify.settings import NotifySettings
from services.notify.tables import Agency, Reminder
from services.reference.events import EVENTS
from services.tasks.domain.assignments import Role
from shared.events import finance, tasks
from shared.events.envelope import CloudEvent
from shared.keys.revocations import REVOCATION_HANDLERS
from shared.log.bus.binary_mode import read_event, write_headers, write_value
from shared.log.dead_letters import dead_letters
from shared.log.inbox import inbox
from shared.runtime.clock import ManualClock, local_instant
from tests.conftest import MakeDatabase
from tests.support.bus import consume
from tests.support.service import settings_of
from tests.support.writing import writing

HERE = Path(__file__).parent
STORED, FROZEN, GOLDEN = HERE.parents[1] / "docs" / "schemas", HERE / "frozen", HERE / "golden"
ANNOTATIONS = {"title", "description", "$comment", "examples"}
Schema = dict[str, Any]


def load(folder: Path, event_type: str) -> Any:
    return json.loads((folder / f"{event_type}.json").read_text(encoding="utf-8"))


def types_in(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.json")}


def faults(schema: Schema, event: Any) -> list[str]:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return [
        fault.message
        for fault in jsonschema.Draft202012Validator(schema, format_checker=checker).iter_errors(event)
    ]


every_type = pytest.mark.parametrize("event_type", sorted(EVENTS))


@pytest.mark.parametrize("folder", [STORED, FROZEN, GOLDEN], ids=lambda folder: folder.name)
def test_every_type_and_no_other_has_its_file(folder: Path) -> None:
    assert types_in(folder) == set(EVENTS)


def test_the_roles_that_events_name_are_those_of_the_rules() -> None:
    """Written twice, since rules know no contract and contracts no service."""
    assert get_args(tasks.Role) == tuple(Role)


@every_type
def test_a_golden_sample_fits_the_stored_and_the_frozen_schema(event_type: str) -> None:
    golden = load(GOLDEN, event_type)
    for folder in (STORED, FROZEN):
        schema = load(folder, event_type)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert faults(schema, golden) == []
    assert golden["dataschema"] == load(STORED, event_type)["$id"] + "#data"


@every_type
def test_the_schema_refuses_what_the_contract_refuses(event_type: str) -> None:
    schema, golden = load(STORED, event_type), load(GOLDEN, event_type)
    required = schema["$defs"][EVENTS[event_type].__name__]["required"]
    for name in required:
        broken = copy.deepcopy(golden)
        del broken["data"][name]
        assert faults(schema, broken)
        with pytest.raises(ValueError, match="Field required"):
            EVENTS[event_type].model_validate(broken["data"])
    assert faults(schema, golden | {"type": "vn.dondoc.other.v1"})
    assert faults(schema, golden | {"data": {}})


@every_type
def test_today_s_code_reads_a_golden_sample_whole(event_type: str) -> None:
    """What is read and written again is the sample, word for word, on both ways of travelling."""
    golden = load(GOLDEN, event_type)
    event = CloudEvent.model_validate(golden)
    data = EVENTS[event_type].model_validate(event.data)
    assert data.model_dump(mode="json") == golden["data"]
    assert data.subject() == golden["subject"]
    assert event.model_dump(mode="json") == golden
    assert read_event(write_headers(event), write_value(event)) == event


@every_type
def test_members_of_later_versions_are_passed_over(event_type: str) -> None:
    golden = load(GOLDEN, event_type)
    later = golden | {"later": 1, "data": golden["data"] | {"later": {"a": 1}}}
    assert faults(load(STORED, event_type), later) == []
    event = CloudEvent.model_validate(later)
    assert EVENTS[event_type].model_validate(event.data).model_dump(mode="json") == golden["data"]


def test_an_event_of_before_a_budget_had_an_id_names_the_same_budget() -> None:
    golden = load(GOLDEN, finance.BudgetChanged.event_type)
    former = golden["data"]["budget"] | {"id": "2026:central:G12"}
    read = finance.BudgetChanged.model_validate({"budget": former})
    assert (
        read.subject()
        == read.budget.id
        == str(uuid5(NAMESPACE_URL, "urn:dondoc:finance:budget:2026:central:G12"))
    )


# --- changes that only add ---------------------------------------------------------------------------------------


def breaking(old: Schema, new: Schema, at: str = "#") -> Iterator[str]:
    """Where `new` is not `old` with optional members added."""
    for key in sorted((old.keys() | new.keys()) - ANNOTATIONS):
        before, after = old.get(key), new.get(key)
        if key in {"properties", "$defs"}:
            for name, schema in (before or {}).items():
                if name not in (after or {}):
                    yield f"{at}/{key}/{name} removed"
                else:
                    yield from breaking(schema, after[name], f"{at}/{key}/{name}")
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from breaking(before, after, f"{at}/{key}")
        elif _bare(before) != _bare(after):
            yield f"{at}/{key}: {before} became {after}"


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if key not in ANNOTATIONS}
    if isinstance(value, list):
        return sorted((_bare(item) for item in value), key=repr)
    return value


@every_type
def test_a_published_version_only_ever_grew(event_type: str) -> None:
    """After a release with new optional members, copy docs/schemas over frozen/; anything else needs a new version."""
    assert list(breaking(load(FROZEN, event_type), load(STORED, event_type))) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data["properties"].pop("reason"), "properties/reason removed"),
        (lambda data: data["required"].append("later"), "required"),
        (lambda data: data["required"].remove("reason"), "required"),
        (lambda data: data["properties"]["reason"].update(type="integer"), "type: string became integer"),
        (lambda data: data["properties"]["reason"].update(maxLength=9), "maxLength: None became 9"),
    ],
    ids=["removed", "required", "no longer required", "other type", "narrower"],
)
def test_a_change_that_breaks_readers_is_found(change: Any, told: str) -> None:
    old = load(FROZEN, "vn.dondoc.tasks.task.cancelled.v1")
    new = copy.deepcopy(old)
    change(new["$defs"]["TaskCancelled"])
    assert [told in fault for fault in breaking(old, new)] == [True]


def test_a_wider_enumeration_breaks_readers() -> None:
    old = load(FROZEN, "vn.dondoc.tasks.task.created.v1")
    new = copy.deepcopy(old)
    new["$defs"]["TaskState"]["properties"]["state"]["enum"].append("paused")
    assert len(list(breaking(old, new))) == 1


def test_new_optional_members_and_better_words_are_additions() -> None:
    old = load(FROZEN, "vn.dondoc.tasks.task.cancelled.v1")
    new = copy.deepcopy(old)
    new["$defs"]["TaskCancelled"]["properties"] |= {"note": {"type": "string"}}
    new["$defs"]["TaskCancelled"]["description"] = "why the task ended"
    assert list(breaking(old, new)) == []


# --- what today's consumers make of them --------------------------------------------------------------------------


async def test_notify_still_consumes_every_golden_sample(make_database: MakeDatabase) -> None:
    database = await make_database("notify")
    events = [CloudEvent.model_validate(load(GOLDEN, event_type)) for event_type in tasks.EVENTS]
    clock = ManualClock(local_instant(date(2025, 4, 10), 9))
    in_order = sorted(events, key=lambda event: event.time)
    settings = settings_of(NotifySettings)
    await consume(SERVICE, settings, database, clock, *in_order)
    async with writing(database) as session:
        assert await session.scalar(select(func.count()).select_from(dead_letters)) == 0
        taken = set(await session.scalars(select(inbox.c.event_id)))
        assert (await session.get_one(Agency, "G09")).name == "Bộ Nội vụ"
        planned = set(
            await session.execute(select(Reminder.facts["due_on"].as_string(), Reminder.status).distinct())
        )
    handled = {**SERVICE.handlers(settings, clock)["tasks"], **REVOCATION_HANDLERS["tasks"]}
    assert taken == {event.id for event in events if event.type in handled}
    # the extension replanned, the completion ended it all
    assert {(str(day), str(status)) for day, status in planned} == {
        ("2025-05-31", "cancelled"),
        ("2025-09-30", "cancelled"),
    }
