"""Reading tasks over HTTP: one, pages by filters, figures by status; against tables prepared for each question.

By 8 connections each question is asked as often as it is answered; figures by status one after the other. Every page and
figure of today is compared with the peer's before it is timed.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import URL

from bench import data, peer_reads
from bench.client import Client, client_process
from bench.common import Figure, Run, raw_connections
from bench.http_figures import Bench, Question, count_round_trips
from bench.round_trips import counted
from bench.serving import both, get, token
from services.tasks.api.task_requests import cursor_keys
from services.tasks.queries.places import PlaceInList
from services.tasks.queries.statistics import GroupBy
from shared.http.pagination import encode_cursor

MILLION = 1_000_000
GOAL_ONE, GOAL_PAGE, GOAL_FILTERED, GOAL_SEARCH = 0.4, 0.5, 0.4, 0.3
GOAL_TODAY, GOAL_PAST = 1.0, 2.0  # of a plain GROUP BY
PREPARED = "asyncpg on a table prepared for the question, bodies ready"
GROUPED = "plain GROUP BY over a table of final statuses"
GROUPINGS: tuple[GroupBy | None, ...] = (None, "agency", "bloc", "group", "document", "programme")
NUMBER = 19_999  # of a task, in its title
IDS = 200


@dataclass(frozen=True)
class Chosen:
    """Subjects of the questions: some ids, an agency with many tasks and one with few, the place after four fifths of the list."""

    ids: list[str]
    large: str
    small: str
    day: date
    id: str


def figures(run: Run) -> Iterator[Figure]:
    url = run.database("reads")
    trips: dict[str, tuple[float, float]] = {}
    with client_process() as client:
        for size in run.sizes:
            data.copy_database(data.database_of(run, size), url)
            asyncio.run(peer_reads.make_tables(url))
            questions = list(_questions(size, asyncio.run(_choose(url))))
            if not trips:
                trips = _round_trips(url, client, questions)
            with both("tasks", peer_reads.application, url) as sides:
                run.notes["served alike, checked"] = "loop {}, protocol {}, TCP_NODELAY {}".format(
                    *sides[0].alike
                )
                bench = Bench(run, client, size, sides, trips)
                for question in questions:
                    yield bench.measure(question)
            data.drop_database(url)


def _round_trips(url: URL, client: Client, questions: list[Question]) -> dict[str, tuple[float, float]]:
    with counted(url) as (proxied, counter), both("tasks", peer_reads.application, proxied) as sides:
        return count_round_trips(counter, client, sides, questions)


async def _choose(url: URL) -> Chosen:
    [connection] = await raw_connections(url, 1)
    try:
        by_tasks = await connection.fetch(
            "SELECT agency FROM peer_assigned GROUP BY agency ORDER BY count(*) DESC, agency"
        )
        ids = await connection.fetch("SELECT id FROM peer_tasks ORDER BY id LIMIT $1", IDS)  # ids are random
        place = await connection.fetchrow(
            "SELECT due_on, id FROM peer_tasks WHERE is_top AND due_on < 'infinity' ORDER BY due_on, id"
            " OFFSET (SELECT count(*) * 4 / 5 FROM peer_tasks WHERE is_top AND due_on < 'infinity') LIMIT 1"
        )
    finally:
        await connection.close()
    return Chosen(
        [str(row["id"]) for row in ids],
        by_tasks[0]["agency"],
        by_tasks[len(by_tasks) // 2]["agency"],
        place["due_on"],
        str(place["id"]),
    )


def _questions(size: int, chosen: Chosen) -> Iterator[Question]:
    office = token("reader")
    one = [get(f"/tasks/v1/tasks/{id_}", office) for id_ in chosen.ids]
    yield Question("GET of one task", one, one, "its body by its key", GOAL_ONE, _same_task)
    page = GOAL_PAGE if size == MILLION else None
    yield _page("page of 50", {}, {}, page)
    place = PlaceInList(0, chosen.day, UUID(chosen.id))
    after = {"after": f"{chosen.day}/{chosen.id}"}
    yield _page("page of 50 after four fifths", {"cursor": encode_cursor(*cursor_keys(place))}, after, page)
    later = {"due_after": str(data.today() + timedelta(days=200))}
    for name, asked in {
        "an agency with many tasks": {"agency": chosen.large},
        "an agency with few tasks": {"agency": chosen.small},
        "status=overdue, which is rare": {"status": "overdue"},
        "due_after": later,
        "a document": {"document": data.DOCUMENT},
        "agency and status": {"agency": chosen.large, "status": "overdue"},
    }.items():
        yield _page(f"page by {name}", asked, asked, GOAL_FILTERED)
    yield _search("search of two frequent words", "đất đai", "dat:* & dai:*", _same_page)
    yield _search("search of a word and a number", f"đợt {NUMBER}", f"dot:* & {NUMBER}:*", _same_set)
    bound = [get("/tasks/v1/tasks", token("agency", chosen.large))]
    yield Question(
        "page of 50 with an agency's key", bound, [get("/tasks/v1/tasks", office)], PREPARED, GOAL_FILTERED
    )
    today, past = (GOAL_TODAY, GOAL_PAST) if size == MILLION else (None, None)
    for by in GROUPINGS:
        yield _statistics(f"statistics of today{f' by {by}' if by else ''}", by, {}, today)
    day = last_march()
    moment = {"as_of": str(day), "known_at": f"{day}T23:00:00+07:00"}
    for by in GROUPINGS[:2]:
        yield _statistics(f"statistics of last March{f' by {by}' if by else ''}", by, moment, past)


def _page(name: str, asked: dict[str, str], of_peer: dict[str, str], goal: float | None) -> Question:
    ours, peer = (
        [get(f"/tasks/v1/tasks?{urlencode({'limit': 50} | given)}", token("reader"))]
        for given in (asked, of_peer)
    )
    return Question(name, ours, peer, PREPARED, goal, _same_page)


def _search(name: str, words: str, of_peer: str, check: Any) -> Question:
    page = _page(name, {"q": words}, {"q": of_peer}, GOAL_SEARCH)
    return Question(
        name, page.ours, page.peer, "asyncpg on the prepared table, a GIN index of words", page.goal, check
    )


def _statistics(name: str, by: GroupBy | None, moment: dict[str, str], goal: float | None) -> Question:
    grouped = {"group_by": by} if by else {}
    ours, peer = (
        [get(f"/tasks/v1/statistics?{urlencode(grouped | given)}", token("reader"))] for given in (moment, {})
    )
    check = _same_figures if not moment else _fewer
    return Question(name, ours, peer, GROUPED, goal, check, alone=True)


def last_march() -> date:
    today = data.today()
    march = date(today.year, 3, 31)
    return march if march < today else date(today.year - 1, 3, 31)


# --- the same answer? -----------------------------------------------------------------------------------------------


class NotTheSame(Exception):
    """Ours and the peer do not answer the same."""


def _require(same: bool, what: str, ours: Any, peer: Any) -> None:
    if not same:
        raise NotTheSame(f"{what}: ours {str(ours)[:100]}, the peer {str(peer)[:100]}")


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """An instant has several spellings."""
    return item | {"recorded_at": None}


def _same_task(ours: bytes, peer: bytes) -> None:
    first, second = _bare(json.loads(ours)), _bare(json.loads(peer))
    differing = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    _require(not differing, f"task, {sorted(differing)}", first, second)


def _items(answer: bytes) -> list[dict[str, Any]]:
    return [_bare(item) for item in json.loads(answer)["items"]]


def _same_page(ours: bytes, peer: bytes) -> None:
    first, second = _items(ours), _items(peer)
    _require(len(first) > 0 and len(first) == len(second), "rows", len(first), len(second))
    for one, other in zip(first, second, strict=True):
        _require(one == other, "row", one, other)


def _same_set(ours: bytes, peer: bytes) -> None:
    first, second = ({item["id"] for item in _items(answer)} for answer in (ours, peer))
    _require(first == second and len(first) > 0, "rows found", len(first), len(second))


def _groups(answer: bytes) -> dict[str, dict[str, int]]:
    body = json.loads(answer)
    return {group["key"]: group["by_status"] for group in body["groups"]} or {"": body["by_status"]}


def _same_figures(ours: bytes, peer: bytes) -> None:
    first, second = _groups(ours), _groups(peer)
    differing = {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}
    _require(not differing, f"figures of {sorted(differing)[:3]}", first, second)


def _fewer(ours: bytes, peer: bytes) -> None:
    """On another day: of some tasks, not more than today's."""
    first, second = (
        sum(sum(found.values()) for found in _groups(answer).values()) for answer in (ours, peer)
    )
    _require(0 < first < second, "tasks on a former day", first, second)
