"""What a newcomer meets who starts the suite in one process."""

import os
import signal
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import run, suite_at


async def test_a_newcomer_is_told_what_is_wrong(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    async with suite_at("2026-03-09T08:00", folder, port) as suite:
        taken_port = run("up", "--data-dir", str(tmp_path / "other"), "--port", str(port), check=False)
        taken_folder = run("up", "--data-dir", str(folder), "--port", "0", check=False)
        printed = suite.process.printed()
        figures = await suite.get("/tasks/v1/statistics")
        first_page = (await suite.client.get("/")).text
        os.kill(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert await suite.process.ends() == 1  # a supervisor starts it again, and its PostgreSQL with it
        ended = suite.process.printed().removeprefix(printed)
    earlier = run("up", "--data-dir", str(folder), "--port", "0", "--clock", "2025-01-01T08:00", check=False)

    assert "PostgreSQL nhúng đã dừng" in ended
    assert "The embedded PostgreSQL has ended" in ended
    assert taken_port.returncode == taken_folder.returncode == earlier.returncode == 1
    assert "--port" in taken_port.stderr
    assert "--data-dir" in taken_folder.stderr
    assert "--clock" in earlier.stderr
    assert "Traceback" not in taken_port.stderr + taken_folder.stderr + earlier.stderr
    for word in ("admin.key", "Đến hạn trong tuần", f"127.0.0.1:{port}", "dondoc listen"):
        assert word in printed
    key = (folder / "admin.key").read_text()
    assert key not in printed
    assert (folder / "admin.key").stat().st_mode & 0o777 == 0o600
    assert figures["by_status"]["overdue"] > 0
    assert figures["by_status"]["due_soon"] > 0
    assert "/tasks/docs" in first_page
