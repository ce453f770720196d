"""The product's own command as separate processes, and waiting until something has become true."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from sqlalchemy import URL, make_url

from services.register import SERVICES
from tests.support.ports import free_port

DONDOC = str(Path(sys.executable).parent / "dondoc")
LOOK_SECONDS = 0.05
START_SECONDS = 90.0  # up in three on a quiet machine; a test run is not
LOG_END = 2_000  # characters of a log that tell how it ended
Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]], seconds: float = 90.0) -> Found:
    """What `look` finds, once it is something."""
    ends = time.monotonic() + seconds
    while True:
        if found := await look():
            return found
        assert time.monotonic() < ends, f"not within {seconds} s"
        await asyncio.sleep(LOOK_SECONDS)


class Process:
    """One running command, with what it printed."""

    def __init__(self, *arguments: str, env: Mapping[str, str] | None = None, log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [DONDOC, *arguments],
                env={**_clean(), **(env or {})},
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        """Ask as Ctrl-C does, or a supervisor; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(by)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """As when the machine is lost."""
        self._process.kill()
        self._process.wait()

    def died(self) -> bool:
        return self._process.poll() is not None

    async def ends(self) -> int:
        """The exit code, once it has ended by itself."""
        return await asyncio.to_thread(self._process.wait, START_SECONDS)

    async def answers(self, url: str) -> None:
        """Return when `url` answers 200; fail with what was printed when the process ends instead."""
        last = "no answer"

        async def look() -> bool:
            nonlocal last
            assert not self.died(), self.printed()
            try:
                answer = await client.get(url)
            except httpx2.TransportError as error:
                last = repr(error)
                return False
            last = answer.text
            return answer.status_code == 200

        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                await until(look, START_SECONDS)
            except AssertionError:
                raise AssertionError(f"{last}\n{self.printed()}") from None


def run(
    *arguments: str, env: Mapping[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    done = subprocess.run(
        [DONDOC, *arguments],
        env={**_clean(), **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def _clean() -> dict[str, str]:
    """The environment without settings of ours, wide enough that tables are not folded."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DONDOC_")} | {
        "COLUMNS": "200"
    }


@dataclass
class Suite:
    """The whole suite as a newcomer runs it, and a client with its admin key."""

    process: Process
    url: str
    folder: Path
    client: httpx2.AsyncClient

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def suite_at(
    clock: str, folder: Path, port: int, *options: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[Suite]:
    """`dondoc up`, its clock set; stopped as by Ctrl-C, which must end it cleanly, unless the test killed it."""
    arguments = ["up", "--data-dir", str(folder), "--port", str(port), "--clock", clock, *options]
    process = Process(*arguments, "--allow-outgoing", "127.0.0.0/8", env=env, log=folder.with_suffix(".log"))
    try:
        url = f"http://127.0.0.1:{port}"
        await process.answers(f"{url}/readyz")
        key = (folder / "admin.key").read_text()
        headers = {"authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            yield Suite(process, url, folder, client)
        if not process.died():
            assert process.stop() == 0, process.printed()
    finally:
        if not process.died():
            process.kill()


def deployment_env(postgres: URL, kafka: str, clock: str, prefix: str) -> dict[str, str]:
    """The variables that compose sets; databases of the test's own on `postgres`."""
    url = postgres.set(drivername="postgresql", database="DATABASE").render_as_string(hide_password=False)
    return {
        "DONDOC_DATABASE_URL": url.replace("DATABASE", f"{prefix}_{os.getpid()}_{{service}}"),
        "DONDOC_KAFKA": kafka,
        "DONDOC_KAFKA_REPLICATION": "1",
        "DONDOC_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
        "DONDOC_ALLOW_OUTGOING": "127.0.0.1/32",
        "DONDOC_CLOCK": clock,
    }


def own_password(env: Mapping[str, str], service: str, folder: Path) -> dict[str, str]:
    """The database's password as compose mounts it: in a file, beside no other service's."""
    whole = make_url(env["DONDOC_DATABASE_URL"].replace("{service}", "SERVICE"))
    url = whole.set(password=None).render_as_string(hide_password=False)
    secrets = folder / f"secrets-{service}"
    secrets.mkdir(exist_ok=True)
    (secrets / f"database_{service}").write_text(str(whole.password), encoding="utf-8")
    return {
        "DONDOC_DATABASE_URL": url.replace("SERVICE", "{service}"),
        "DONDOC_DATABASE_PASSWORD_FILE": f"{secrets}/database_{{service}}",
    }


PROCESSES = tuple((kind, service) for service in SERVICES for kind in ("serve", "work"))


class Deployment:
    """The processes by name, as compose starts them, on ports of their own."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self.env = dict(env)
        self.folder = folder
        self.ports = {name: free_port() for name in PROCESSES}
        self.processes: dict[tuple[str, str], Process] = {}

    async def start(self, name: tuple[str, str], *, probe: str = "readyz", **changed: str) -> None:
        """Start one process and wait for its `probe`."""
        env = {
            **self.env,
            **own_password(self.env, name[1], self.folder),
            "DONDOC_PORT": str(self.ports[name]),
            **changed,
        }
        self.processes[name] = Process(*name, env=env, log=self.folder / f"{'-'.join(name)}.log")
        await self.answers(name, probe)

    async def answers(self, name: tuple[str, str], probe: str) -> None:
        await self.processes[name].answers(f"http://127.0.0.1:{self.ports[name]}/{probe}")

    def url(self, service: str, kind: str = "serve") -> str:
        return f"http://127.0.0.1:{self.ports[kind, service]}"

    def printed(self) -> str:
        """The end of what each process printed."""
        return "\n".join(
            f"--- {' '.join(name)}\n{process.printed()[-LOG_END:]}"
            for name, process in self.processes.items()
        )

    def end(self) -> None:
        for process in self.processes.values():
            if not process.died():
                process.kill()
