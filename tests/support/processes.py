"""The product's own command as separate processes, and waiting until something has become true."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import httpx2

DONDOC = str(Path(sys.executable).parent / "dondoc")
LOOK_SECONDS = 0.05
Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]], seconds: float = 45.0) -> Found:
    """What `look` finds, once it is something."""
    ends = time.monotonic() + seconds
    while True:
        if found := await look():
            return found
        assert time.monotonic() < ends, f"not within {seconds} s"
        await asyncio.sleep(LOOK_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask as Ctrl-C does; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
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

    async def answers(self, url: str) -> None:
        """Return when `url` answers 200; fail with what was printed when the process ends instead."""
        async with httpx2.AsyncClient(trust_env=False) as client:

            async def look() -> bool:
                assert not self.died(), self.printed()
                try:
                    return (await client.get(url)).status_code == 200
                except httpx2.TransportError:
                    return False

            try:
                await until(look)
            except AssertionError:
                raise AssertionError(self.printed()) from None


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
