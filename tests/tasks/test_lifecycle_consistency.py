"""One change is one transaction: its rows, its audit entries and its events stand or fall together."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.support.tasks import APPROVAL, TasksService, group_task, new_task, submission

Change = tuple[str, str, Any]  # method, path, body


async def _assign(service: TasksService) -> Change:
    return "POST", "/tasks", new_task()


async def _assign_group(service: TasksService) -> Change:
    return "POST", "/tasks", new_task(**group_task())


async def _amend(service: TasksService) -> Change:
    return "PATCH", f"/tasks/{(await service.assign())['id']}", {"title": "Khác"}


async def _submit(service: TasksService) -> Change:
    return "POST", f"/tasks/{(await service.assign())['id']}/submissions", submission()


async def _accept(service: TasksService) -> Change:
    submitted = await service.submit(await service.assign())
    return "POST", f"/submissions/{submitted['id']}/decision", {"decision": "accept"}


async def _return(service: TasksService) -> Change:
    submitted = await service.submit(await service.assign())
    return "POST", f"/submissions/{submitted['id']}/decision", {"decision": "return", "reason": "Thiếu"}


async def _accept_last_member(service: TasksService) -> Change:
    members = await service.members(await service.assign(**group_task()))
    for code in ("01", "48"):
        await service.finish(members[code], agency=code)
    submitted = await service.submit(members["79"], agency="79")
    return "POST", f"/submissions/{submitted['id']}/decision", {"decision": "accept"}


async def _extend_group(service: TasksService) -> Change:
    body = {"deadline_text": "trước ngày 16/8/2025", "reason": "Vì", "document_code": APPROVAL}
    return "POST", f"/tasks/{(await service.assign(**group_task()))['id']}/extensions", body


async def _cancel_group(service: TasksService) -> Change:
    return "POST", f"/tasks/{(await service.assign(**group_task()))['id']}/cancellation", {"reason": "Vì"}


async def _record_agency(service: TasksService) -> Change:
    body = {"code": "G99", "name": "Bộ Thử", "bloc": "government", "level": "central"}
    return "POST", "/agencies", body


async def _record_programme(service: TasksService) -> Change:
    return "POST", "/programmes", {"code": "NQ59", "title": "Nghị quyết 59-NQ/TW"}


async def _record_document(service: TasksService) -> Change:
    return (
        "POST",
        "/documents",
        {"code": "9/QD", "type": "Quyết định", "issued_on": "2025-05-01", "title": "Chín"},
    )


CHANGES: list[tuple[Callable[[TasksService], Awaitable[Change]], int]] = [
    (_assign, 1), (_assign_group, 4), (_amend, 1), (_submit, 1), (_accept, 1), (_return, 1), (_accept_last_member, 2),
    (_extend_group, 4), (_cancel_group, 4), (_record_agency, 1), (_record_programme, 1), (_record_document, 1),
]  # fmt: skip
every_change = pytest.mark.parametrize(("prepare", "changed"), CHANGES, ids=[c[0].__name__ for c in CHANGES])


async def _do(service: TasksService, change: Change, **headers: str) -> Any:
    method, path, body = change
    conditions = {"If-Match": '"1"'} if method == "PATCH" else {}
    return await service.send(method, path, json=body, headers={**conditions, **headers})


@every_change
async def test_each_thing_changed_has_one_audit_entry_and_one_event_with_its_next_version(
    service: TasksService, prepare: Callable[[TasksService], Awaitable[Change]], changed: int
) -> None:
    change = await prepare(service)
    before = await service.counts()
    response = await _do(service, change)
    assert response.is_success, response.text
    after = await service.counts()
    assert after["audit"] - before["audit"] == changed
    assert after["outbox"] - before["outbox"] == changed
    gaps = await service.rows(
        "SELECT subject FROM outbox GROUP BY subject HAVING count(*) <> max(version) OR min(version) <> 1"
    )
    assert gaps == []
    wrong = await service.rows(
        "SELECT id FROM tasks WHERE version <> (SELECT max(version) FROM outbox WHERE subject = tasks.id::text)"
    )
    assert wrong == []
    last = await service.rows("SELECT actor, request_id FROM audit ORDER BY id DESC LIMIT 1")
    assert last[0].actor.startswith("office (")
    assert last[0].request_id == response.headers["x-request-id"]


_FAIL = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {how}; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON outbox {when} FOR EACH ROW EXECUTE FUNCTION fail()
"""


@pytest.fixture
async def broken(service: TasksService) -> AsyncIterator[Callable[[str, str], Awaitable[None]]]:
    """Breaks the event's insert, or the commit after it, in the way asked for; mended after the test."""

    async def fail(how: str, when: str) -> None:
        for statement in _FAIL.format(how=how, when=when).split(";\nCREATE CONSTRAINT"):
            prefix = "" if statement.lstrip().startswith("CREATE FUNCTION") else "CREATE CONSTRAINT"
            await service.execute(prefix + statement)

    yield fail
    await service.execute("DROP FUNCTION IF EXISTS fail() CASCADE")


RAISE, DIE = "RAISE EXCEPTION 'broken'", "PERFORM pg_terminate_backend(pg_backend_pid())"
LATER = "DEFERRABLE INITIALLY DEFERRED"


@every_change
async def test_a_change_whose_event_cannot_be_written_leaves_nothing(
    service: TasksService,
    broken: Callable[[str, str], Awaitable[None]],
    prepare: Callable[[TasksService], Awaitable[Change]],
    changed: int,
) -> None:
    change = await prepare(service)
    before = await service.counts()
    await broken(RAISE, "")
    response = await _do(service, change, **{"Idempotency-Key": "k"})
    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert await service.counts() == before


@pytest.mark.parametrize(("how", "status"), [(RAISE, 500), (DIE, 503)])
async def test_a_commit_that_fails_is_not_answered_as_done(
    service: TasksService, broken: Callable[[str, str], Awaitable[None]], how: str, status: int
) -> None:
    change = await _assign(service)
    before = await service.counts()
    await broken(how, LATER)
    response = await _do(service, change, **{"Idempotency-Key": "k"})
    assert response.status_code == status
    assert await service.counts() == before
    await service.execute("DROP FUNCTION fail() CASCADE")
    assert (await _do(service, change, **{"Idempotency-Key": "k"})).status_code == 201


async def test_a_change_sent_again_is_done_once(service: TasksService) -> None:
    change = await _assign_group(service)
    first = await _do(service, change, **{"Idempotency-Key": "k"})
    before = await service.counts()
    again = await _do(service, change, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.content) == (201, first.content)
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    assert await service.counts() == before
