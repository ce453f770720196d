"""`dondoc import` and others: commands that ask the suite over HTTP."""

import json
from pathlib import Path

import httpx2
import pytest

from services.cli.console import Stop
from tests.cli.conftest import Running, dondoc

GOOD = "Nhiệm vụ,Cơ quan chủ trì,Thời hạn\nXây dựng đề án mẫu,Bộ Nội vụ,Tháng 6/2025\n"
BAD = "Nhiệm vụ,Cơ quan chủ trì,Thời hạn\nViệc của ai đó,Cơ quan không có thật ở đâu cả,Tháng 6/2025\n"


@pytest.fixture(scope="module")
def annex(running: Running) -> tuple[str, ...]:
    """Options of an import: a programme and a document that are there."""
    bodies = {
        "programmes": {"code": "P", "title": "Chương trình"},
        "documents": {"code": "D", "type": "Nghị quyết", "issued_on": "2025-04-01", "title": "Văn bản"},
    }
    headers = {"authorization": f"Bearer {running.key_file.read_text()}"}
    with httpx2.Client(base_url=running.url, headers=headers, trust_env=False) as client:
        for path, body in bodies.items():
            assert client.post(f"/tasks/v1/{path}", json=body).status_code == 201
    return ("--programme", "P", "--document", "D")


def test_the_advice_is_not_what_was_done_already(
    running: Running, annex: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(BAD, encoding="utf-8")
    whole = running.command("import", "tasks", str(file), *annex)
    assert (whole.exit_code, "add --partial" in whole.stdout) == (1, True)
    partial = running.command("import", "tasks", str(file), *annex, "--partial")
    assert (partial.exit_code, "correct the refused rows." in partial.stdout) == (1, True)
    assert "--partial" not in partial.stdout


def test_an_import_says_which_right_the_key_lacks(
    running: Running, annex: tuple[str, ...], tmp_path: Path
) -> None:
    file, key = tmp_path / "x.csv", tmp_path / "reader.key"
    file.write_text(GOOD, encoding="utf-8")
    key.write_text(running.operator("keys", "create", "--name", "đọc", "--role", "reader").stdout)
    refused = running.command("import", "tasks", str(file), *annex, key_file=key)
    assert isinstance(refused.exception, Stop)
    assert "tasks.manage" in refused.exception.vi
    assert "scope_missing" in refused.exception.en


def test_settings_as_json_are_the_variables_of_every_process() -> None:

    rows = json.loads(dondoc("settings", "--json").stdout)
    assert {"DONDOC_DATABASE_URL", "DONDOC_KAFKA", "DONDOC_ALERT_HOUR"} <= {row["variable"] for row in rows}
    assert all(row["meaning"] for row in rows)


def test_a_key_of_another_run_is_told_as_that(running: Running, tmp_path: Path) -> None:
    other = tmp_path / "admin.key"
    other.write_text("ddk_0123456789abcdef", encoding="ascii")
    refused = running.command("groups", "list", key_file=other)
    assert isinstance(refused.exception, Stop)
    assert "--key-file" in refused.exception.vi
    assert running.url.removeprefix("http://") in refused.exception.en
