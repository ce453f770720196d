"""`dondoc migrate|serve|work` of every service, the newest too, as a deployment runs them."""

import asyncio
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import httpx2
import pytest
from sqlalchemy import URL

from tests.support.ports import free_port
from tests.support.processes import Process, deployment_env, own_password, run
from tests.support.sockets import sends_at_once

NOBODY = "127.0.0.1:1"  # where no Kafka answers


@pytest.fixture
def env(postgres: URL) -> dict[str, str]:
    given = deployment_env(postgres, NOBODY, "2026-04-01T08:00", f"cli_{free_port()}")
    return given | {"DONDOC_PORT": str(free_port())}


@pytest.mark.parametrize("service", ["datasets", "finance"])
def test_a_service_is_migrated_served_and_worked(env: dict[str, str], tmp_path: Path, service: str) -> None:
    """With its own database's password and no other's."""
    env |= own_password(env, service, tmp_path)
    assert run("serve", service, env=env, check=False).returncode == 1  # before its database is there
    assert "created" in run("migrate", service, env=env).stdout
    assert "up to date" in run("migrate", service, env=env).stdout
    without_log = run("work", service, env=env | {"DONDOC_KAFKA": ""}, check=False)
    assert (without_log.returncode, "DONDOC_KAFKA" in without_log.stderr) == (1, True)
    url = f"http://127.0.0.1:{env['DONDOC_PORT']}"
    serving = Process("serve", service, env=env, log=tmp_path / "serve.log")
    _answers(serving, f"{url}/readyz", url, service, SIGTERM)
    _answers(
        Process("work", service, env=env, log=tmp_path / "work.log"), f"{url}/healthz", url, None, SIGINT
    )


def _answers(process: Process, probe: str, url: str, service: str | None, by: Signals) -> None:
    try:
        asyncio.run(process.answers(probe))
        assert sends_at_once(process.pid, int(url.rpartition(":")[2]))
        with httpx2.Client(base_url=url, trust_env=False) as client:
            if service is not None:
                assert client.get(f"/{service}/v1/changes").status_code == 401
                assert client.get(f"/{service}/openapi.json").status_code == 200
        assert process.stop(by) == {SIGINT: 0, SIGTERM: 128 + SIGTERM}[by], process.printed()
        assert "SystemExit" not in process.printed()
    finally:
        if not process.died():
            process.kill()


def test_topics_say_in_one_line_that_no_broker_answers(env: dict[str, str]) -> None:
    """And they ask for no database's password."""
    env["DONDOC_DATABASE_PASSWORD_FILE"] = "/nowhere/{service}"
    refused = run("topics", env=env, check=False)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert NOBODY in refused.stderr
