"""Lists, a task's history, and the feed of changes: nothing missed, nothing twice."""

import asyncio
import base64
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text

from services.tasks.queries import tasks
from services.tasks.queries.status import parameters
from shared.keys.viewers import EVERYTHING
from shared.log.cursors import Cursor
from shared.runtime.stable_reads import AsOf
from tests.support.tasks import LOCALITIES, TasksService, group_task

DUE = {
    "a": "Tháng 7/2025",
    "b": "trước ngày 11/5/2025",
    "c": "khẩn trương",
    "d": "Tháng 5/2025",
    "e": "thường xuyên",
}


async def titles(service: TasksService, **asked: Any) -> list[str]:
    page = await service.get("/tasks", params=asked)
    return [item["title"] for item in page["items"]]


async def pages(service: TasksService, path: str, **asked: Any) -> list[Any]:
    """Every item of a list, following the Link header as a caller would."""
    found, address = [], path
    while address:
        response = await service.send("GET", address, params=asked or None)
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        link = re.fullmatch(r'</tasks/v1(.+)>; rel="next"', response.headers.get("link", ""))
        assert bool(link) == bool(response.json()["next_cursor"])
        address, asked = (link[1], {}) if link else ("", {})
    return found


@pytest.fixture
async def five(service: TasksService) -> dict[str, Any]:
    return {title: await service.assign(title=title, deadline_text=text) for title, text in DUE.items()}


async def test_tasks_come_by_due_date_those_without_one_last(
    service: TasksService, five: dict[str, Any]
) -> None:
    found = await titles(service)
    assert found[:3] == ["b", "d", "a"]
    assert sorted(found[3:]) == ["c", "e"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"status": "overdue"}, ["b"]),
        ({"status": ["overdue", "standing"]}, ["b", "e"]),
        ({"status": "due_soon"}, []),
        ({"status": "due_soon", "as_of": "2025-05-25"}, ["d"]),
        ({"due_before": "2025-05-31"}, ["b"]),
        ({"due_before": "2025-06-01", "due_after": "2025-05-10"}, ["d"]),
        ({"due_after": "2025-05-30"}, ["d", "a"]),
        ({"programme": "NQ00"}, []),
        ({"document": "71/NQ-CP", "status": "overdue", "agency": "G12", "role": "lead"}, ["b"]),
        ({"document": "0/QD"}, []),
        ({"agency": "G01"}, []),
        ({"agency": "G12", "role": "coordinate"}, []),
        ({"as_of": "2025-03-31"}, []),
        ({"known_at": "2025-05-20T00:59:59Z"}, []),
    ],
)
async def test_filters_hold_alone_and_together(
    service: TasksService, five: dict[str, Any], asked: dict[str, Any], found: list[str]
) -> None:
    assert await titles(service, **asked) == found


async def test_due_dates_are_asked_as_of_the_day(service: TasksService) -> None:
    task = await service.assign(deadline_text="trước ngày 11/5/2025")
    await service.extend(task)
    for asked in ({"due_before": "2025-06-01"}, {"due_after": "2025-06-01", "as_of": "2025-05-14"}):
        assert await titles(service, **asked) == []
    for asked in ({"due_after": "2025-06-01"}, {"due_before": "2025-06-01", "as_of": "2025-05-14"}):
        assert len(await titles(service, **asked)) == 1


@pytest.mark.parametrize("q", ["đất đai", "dat dai", "ĐẤT  ĐAI", "đai dat", "Đề án", "de an đất", "đất"])
async def test_words_are_found_with_or_without_accents_in_any_order(service: TasksService, q: str) -> None:
    await service.assign(title="Kết nối dữ liệu đất đai", deliverable="Đề án")
    await service.assign(title="Kết nối dữ liệu dân cư", deliverable="Biên bản")
    assert await titles(service, q=q) == ["Kết nối dữ liệu đất đai"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "100%", "'", " ", "\u200b"])
async def test_signs_of_the_query_language_find_nothing(service: TasksService, q: str) -> None:
    await service.assign(title="Hoàn thành toàn bộ % _", deliverable=None)
    assert await titles(service, q=q) == []


async def test_a_groups_members_stay_behind_it_unless_asked_for(service: TasksService) -> None:
    parent = await service.assign(**group_task(title="nhóm"))
    assert await titles(service) == ["nhóm"]
    assert len(await titles(service, parent=parent["id"])) == len(LOCALITIES)
    page = await service.get("/tasks", params={"agency": "01"})
    assert [item["parent_id"] for item in page["items"]] == [parent["id"]]


async def test_each_task_is_visited_once_while_others_are_added(service: TasksService) -> None:
    texts = ["Tháng 5/2025", "Tháng 5/2025", "khẩn trương", "Tháng 8/2025", "thường xuyên"]
    before = [await service.assign(deadline_text=text) for text in texts * 3]
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await service.get("/tasks", params=asked)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await asyncio.gather(
            *(service.assign(deadline_text=text) for text in ("Tháng 4/2025", "Tháng 7/2025"))
        )
    assert len(seen) == len(set(seen))
    assert {task["id"] for task in before} <= set(seen)


async def test_a_page_is_read_in_the_order_of_its_index(service: TasksService) -> None:
    """The expression of the query is that of the index; else every page would sort all tasks."""
    statement, values = tasks.page_statement({}, EVERYTHING, after=None, limit=50)
    values = values | parameters(AsOf(date(2025, 5, 20), service.clock.now()), 7)
    engine = service.database.engine.sync_engine

    def explained(*call: Any) -> tuple[str, Any]:
        return f"EXPLAIN {call[2]}", call[3]

    async with service.database.engine.connect() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        event.listen(engine, "before_cursor_execute", explained, retval=True)
        try:
            result = await connection.execute(statement, values)
            plan = "\n".join(row[0] for row in result.cursor.fetchall())
        finally:
            event.remove(engine, "before_cursor_execute", explained)
    assert "Index Scan using ix_tasks_order" in plan


async def test_the_link_keeps_the_filters(service: TasksService, five: dict[str, Any]) -> None:
    found = await pages(service, "/tasks", limit=1, status=["overdue", "in_progress"], agency="G12")
    assert [item["title"] for item in found] == ["b", "d", "a", "c"]


async def test_catalogues_are_paged_as_well(service: TasksService) -> None:
    whole = await service.get("/agencies")
    assert await pages(service, "/agencies", limit=2) == whole["items"]
    assert [item["code"] for item in whole["items"]] == sorted(item["code"] for item in whole["items"])
    for path in ("/documents", "/programmes"):
        assert await pages(service, path, limit=1) == (await service.get(path))["items"]


@pytest.mark.parametrize("path", ["/tasks", "/agencies", "/documents", "/programmes"])
@pytest.mark.parametrize(
    "words", ["x", "[]", '["a","b","c"]', "[1]", '["\\u0000", "x"]', '["2025-13-01", "x"]', "{}"]
)
async def test_a_cursor_that_is_none_of_ours_is_refused(service: TasksService, path: str, words: str) -> None:
    for cursor in (words, base64.urlsafe_b64encode(words.encode()).decode()):
        assert (await service.get(path, 422, params={"cursor": cursor}))["code"] == "cursor_invalid"


# --- history


async def test_a_history_tells_everything_in_order(service: TasksService) -> None:
    task = await service.assign()
    await service.decide(await service.submit(task), "return", "Thiếu minh chứng")
    service.clock.advance(hours=1)
    await service.extend(task)
    await service.finish(task, "2025-05-20")
    history = await service.get(f"/tasks/{task['id']}/history")
    assert [entry["action"] for entry in history["items"]] == [
        "created", "submitted", "returned", "extended", "submitted", "completed",
    ]  # fmt: skip
    assert [entry["detail"]["version"] for entry in history["items"]] == [1, 2, 3, 4, 5, 6]
    assert history["items"][1]["actor"].startswith("agency G12 (")
    assert history["items"][2]["detail"]["reason"] == "Thiếu minh chứng"
    assert history["items"][3]["detail"]["document_code"] == "85/QD-TTg"
    assert [(item["revision"], item["due_on"], item["effective_on"]) for item in history["deadlines"]] == [
        (1, "2025-06-30", "2025-04-01"),
        (2, "2025-08-15", "2025-05-15"),
    ]
    assert [item["decision"] for item in history["submissions"]] == ["return", "accept"]
    assert history["submissions"][0]["evidence"][0]["reference"] == "12/BC-BTC"


async def test_a_long_history_is_read_page_by_page(service: TasksService) -> None:
    task = await service.assign()
    for version in range(1, 6):
        await service.amend(task, version=version, title=f"Bản {version}")
    whole = await service.get(f"/tasks/{task['id']}/history")
    assert await pages(service, f"/tasks/{task['id']}/history", limit=2) == whole["items"]
    assert len(whole["items"]) == 6


# --- the feed of changes


async def feed(service: TasksService, after: str | None = None, limit: int = 100) -> tuple[list[Any], str]:
    """Everything since a cursor, and the cursor to keep."""
    found: list[Any] = []
    while True:
        asked = {"limit": limit} | ({"after": after} if after else {})
        page = await service.get("/changes", params=asked)
        found += page["items"]
        after = page["next_cursor"]
        if not page["has_more"]:
            return found, after


async def test_the_feed_is_complete_in_order_and_may_be_resumed(service: TasksService) -> None:
    task = await service.assign()
    first, cursor = await feed(service, limit=3)
    assert (await feed(service, cursor))[0] == []
    await service.assign(**group_task())
    await service.finish(task)
    second, cursor = await feed(service, cursor, limit=2)
    whole, _ = await feed(service, limit=500)
    assert first + second == whole
    assert len({event["id"] for event in whole}) == len(whole) == (await service.counts())["outbox"]
    verbs = [event["type"].split(".")[-2] for event in second]
    assert verbs == ["created"] * 4 + ["submitted", "completed"]
    assert {event["specversion"] for event in whole} == {"1.0"}
    assert second[-1]["subject"] == task["id"]
    assert second[-1]["sequence"] == "3"


async def test_a_feed_read_while_others_write_misses_nothing_and_keeps_each_tasks_order(
    service: TasksService,
) -> None:
    task = await service.assign()
    done = asyncio.Event()

    async def write() -> None:
        version = 1
        for n in range(12):
            await asyncio.gather(service.assign(), service.amend(task, version=version, title=f"Bản {n}"))
            version += 1
        done.set()

    writing = asyncio.create_task(write())
    found, cursor = await feed(service, limit=3)
    while not done.is_set():
        more, cursor = await feed(service, cursor, limit=3)
        found += more
    await writing
    found += (await feed(service, cursor))[0]
    ids = [event["id"] for event in found]
    assert len(ids) == len(set(ids)) == (await service.counts())["outbox"]
    assert [int(event["sequence"]) for event in found if event["subject"] == task["id"]] == list(range(1, 14))


async def test_the_next_page_of_the_feed_is_linked(service: TasksService) -> None:
    response = await service.send("GET", "/changes", params={"limit": 1})
    cursor = response.json()["next_cursor"]
    assert response.headers["link"] == f'</tasks/v1/changes?limit=1&after={cursor}>; rel="next"'


@pytest.mark.parametrize(
    "words",
    ["", "x", "1:1:|1:1:", "1:1:|1:1:|-1", "1:1:|1:1:|x", "2:1:|1:1:|0", "1:1:5|1:1:|0", "0:1:|1:1:|0",
     "1:1:|1:99999999999999999999:|0", "1:9:3,2|1:1:|0", "1:1:|1:1:|٣", "1:1:|1:1:|9223372036854775808", "1:1:'|1:1:|0", "1:1:|1:1:|0|1|x", "1:1:|1:1:|0|1||"],
)  # fmt: skip
async def test_a_feed_cursor_that_was_tampered_with_is_refused(service: TasksService, words: str) -> None:
    for after in (words, base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")):
        assert (await service.get("/changes", 422, params={"after": after}))["code"] == "cursor_invalid"


async def test_a_feed_cursor_before_what_was_removed_is_refused_and_says_what_to_do(
    service: TasksService,
) -> None:
    _, cursor = await feed(service)
    await service.assign()
    await service.execute(
        "INSERT INTO log_cursors (name, seen, upto, last_id, moved_at) "
        "SELECT 'trimmed', s, s, 1000000, now() FROM concat(pg_snapshot_xmax(pg_current_snapshot()), ':', "
        "pg_snapshot_xmax(pg_current_snapshot()), ':') AS s"
    )
    assert (await service.get("/changes", 410, params={"after": cursor}))["code"] == "cursor_expired"
    assert (await service.get("/changes"))["items"]


AHEAD = "900000000000:900000000000:"


async def test_a_feed_cursor_of_a_log_before_a_restore_is_refused_and_says_what_to_do(
    service: TasksService,
) -> None:
    _, cursor = await feed(service)
    for ahead in (
        Cursor(AHEAD, AHEAD),
        Cursor(upto=AHEAD, last_id=1),
    ):  # of a future that a restore has undone
        refused = await service.get("/changes", 410, params={"after": ahead.encode()})
        assert refused["code"] == "cursor_of_another_log"
    await service.execute("UPDATE log_identity SET log_id = gen_random_uuid()")
    refused = await service.get("/changes", 410, params={"after": cursor})
    assert refused["code"] == "cursor_of_another_log"
    await service.assign()
    await feed(service, (await feed(service))[1])


async def test_a_feed_whose_restore_is_not_complete_says_so(service: TasksService) -> None:
    _, cursor = await feed(service)
    await service.execute("UPDATE log_identity SET cluster = 0")
    assert (await service.get("/changes", 503))["code"] == "log_unrestored"
    refused = await service.get("/changes", 410, params={"after": cursor})
    assert refused["code"] == "cursor_of_another_log"


async def test_a_feed_cursor_from_before_logs_had_an_id_is_good(service: TasksService) -> None:
    _, cursor = await feed(service)
    await service.assign()
    earlier = replace(Cursor.decode(cursor), log_id=None).encode()
    assert (await feed(service, earlier))[0] == (await feed(service, cursor))[0] != []


@pytest.mark.parametrize("path", ["/groups", "/tasks", "/statistics"])
@pytest.mark.parametrize("token", [None, "x"])
async def test_more_reads_at_once_than_connections_all_come_back(
    service: TasksService, path: str, token: str | None
) -> None:
    """Who holds a connection never waits for another, so forty readers cannot stop each other for ever."""
    headers = {"Authorization": f"Bearer {token}"} if token else await service.authorization()
    async with asyncio.timeout(20):
        answers = await asyncio.gather(
            *(service.http.get(f"/tasks/v1{path}", headers=headers) for _ in range(40))
        )
    assert {answer.status_code for answer in answers} == {401 if token else 200}
