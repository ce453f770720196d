"""A consumer's handler that fails on some events, as after a faulty release, until the repaired one is deployed."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import URL

from shared.log.dead_letters import StoredLetter, list_letters
from tests.faults.tasks import assign, new_task, planned_once, post, record_basics
from tests.support.deployed import admin_key, caller, opened
from tests.support.processes import Deployment, deployment_env, run, until

pytestmark = pytest.mark.kafka

# Python imports it when the interpreter starts: the release with the defect
DEFECT = """
from services.notify.use_cases.subjects import tasks

record = tasks._record

async def fails(session, task, agencies):
    if task.title == "Đề án không xử lý được":
        return 1 / 0
    return await record(session, task, agencies)

tasks._record = fails
"""
NEEDED = (("serve", "tasks"), ("work", "tasks"), ("serve", "notify"), ("work", "notify"))


@pytest.fixture
def defect(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sitecustomize.py").write_text(DEFECT, encoding="utf-8")
    return {"PYTHONPATH": str(tmp_path)}


async def test_the_event_is_set_aside_the_others_flow_and_the_repaired_handler_applies_it(
    postgres: URL, kafka: str, tmp_path: Path, defect: dict[str, str]
) -> None:
    env = deployment_env(postgres, kafka, "2025-05-23T09:00", "handler_bug")
    run("migrate", env=env)
    run("topics", env=env)
    deployment = Deployment(env, tmp_path)
    try:
        await asyncio.gather(
            *(deployment.start(name, **(defect if name == ("work", "notify") else {})) for name in NEEDED)
        )
        async with (
            caller(deployment.url("tasks"), admin_key(env)) as tasks,
            caller(deployment.url("notify"), admin_key(env)) as notify,
        ):
            await record_basics(tasks)
            before = await assign(tasks, 5)
            failing = (await post(tasks, "/tasks/v1/tasks", new_task("Đề án không xử lý được")))["id"]
            after = await assign(tasks, 5)
            await planned_once(notify, before + after)
            [letter] = await until(lambda: _letters(deployment))
            assert "ZeroDivisionError" in letter.reason
            deployment.processes["work", "notify"].kill()
            await deployment.start(("work", "notify"))
            await planned_once(notify, before + after)  # starting again alone applies nothing
            run("dead-letters", "replay", "notify", str(letter.id), env=env)
            await planned_once(notify, [*before, failing, *after])
            assert await _letters(deployment) == []
    except BaseException as error:
        error.add_note(deployment.printed())
        raise
    finally:
        deployment.end()


async def _letters(deployment: Deployment) -> Sequence[StoredLetter]:
    async with opened(deployment.env, "notify") as database, database.reading() as connection:
        return await list_letters(connection, 10)
