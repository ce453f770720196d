"""A deployment for a test: its processes, and a service's database beside them."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from sqlalchemy import URL, make_url

from shared.agencies import AgencyCopy, record_agency
from shared.events.tasks import AgencyRecorded
from shared.keys.tokens import KeySigner, draw_key
from shared.runtime.database import Database
from tests.support.processes import PROCESSES, Deployment, deployment_env, run
from tests.support.writing import writing


@asynccontextmanager
async def opened(env: Mapping[str, str], service: str) -> AsyncIterator[Database]:
    """With the rights of whoever connects, not only those of the service."""
    url = make_url(env["DONDOC_DATABASE_URL"].replace("{service}", service))
    database = Database(url.set(drivername="postgresql+asyncpg"), pool_size=3, application="dondoc-test")
    try:
        yield database
    finally:
        await database.close()


def admin_key(env: Mapping[str, str]) -> str:
    """An admin's key for every service of the deployment, on no record."""
    return KeySigner([base64.b64decode(env["DONDOC_SECRET_KEY"])]).sign(draw_key("admin", "admin"))


async def know_agencies(database: Database, table: type[AgencyCopy], codes: Iterable[str]) -> None:
    """As if the tasks service had told of them."""
    async with writing(database) as session:
        for code in codes:
            told = AgencyRecorded(code=code, name=f"Cơ quan {code}", bloc="government", level="central")
            await record_agency(session, table, told, version=1)


def caller(url: str, key: str) -> httpx2.AsyncClient:
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)


@asynccontextmanager
async def deployed(
    postgres: URL, kafka: str, folder: Path, clock: str, *, prefix: str = "journey", **settings: str
) -> AsyncIterator[Deployment]:
    """All processes of a deployment, ready, on databases of their own."""
    env = deployment_env(postgres, kafka, clock, prefix) | settings
    deployment = Deployment(env, folder)
    run("migrate", env=env)
    run("topics", env=env)
    try:
        await asyncio.gather(*(deployment.start(name) for name in PROCESSES))
        yield deployment
    except BaseException as error:
        error.add_note(deployment.printed())  # or nobody learns why
        raise
    finally:
        deployment.end()
