"""`up` and `listen` answer over a kept-alive connection without waiting (`serve` and `work`: test_processes)."""

from pathlib import Path

from tests.cli.conftest import Running
from tests.support.ports import free_port
from tests.support.processes import Process, until
from tests.support.sockets import sends_at_once


def test_the_suite_sends_at_once(running: Running) -> None:
    assert sends_at_once(running.process.pid, int(running.url.rpartition(":")[2]))


async def test_a_receiver_sends_at_once(running: Running, tmp_path: Path) -> None:
    port = free_port()
    place = ["--url", running.url, "--key-file", str(running.key_file)]
    process = Process("listen", "--agency", "G09", "--port", str(port), *place, log=tmp_path / "listen.log")

    async def greeted() -> bool:
        return "Ctrl-C" in process.printed()

    try:
        await until(greeted)
        assert sends_at_once(process.pid, port)
        assert process.stop() == 0
        assert "Unsubscribed" in process.printed()
    finally:
        if not process.died():
            process.kill()
