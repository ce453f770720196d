"""`dondoc agencies|groups|databases`: what a refusal tells people to do can be done by command, and every service learns of it."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Running
from tests.support.processes import until

HEADINGS = "Mã,Tên,Loại,Cơ quan chủ quản\n"
VOUCHERS = "Số chứng từ,Cơ quan,Cấp,Tính chất,Lĩnh vực,Ngày,Số tiền (đồng)\n"


def answered(done: Any) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_an_alias_given_by_command_is_known_to_every_importer(running: Running, tmp_path: Path) -> None:
    databases, vouchers = tmp_path / "csdl.csv", tmp_path / "kho bạc.csv"
    databases.write_text(f"{HEADINGS}KHO-9,Kho,quốc gia,Bộ Ngân khố\n", encoding="utf-8")
    vouchers.write_text(f"{VOUCHERS}CT-9,Bộ Ngân khố,NSTW,ĐTPT,CĐS,15/05/2025,1000\n", encoding="utf-8")
    imports = (
        ("import", "databases", str(databases), "--dry-run"),
        ("import", "budget", str(vouchers), "--year", "2025", "--dry-run"),
    )

    def refused() -> list[bool]:
        reports = [json.loads(running.command(*words, "--json").stdout) for words in imports]
        problems = [report["rows"][0]["problems"] for report in reports]
        return [any(each["code"] == "agency_not_found" for each in found) for found in problems]

    async def settled(wanted: bool) -> bool:
        return refused() == [wanted, wanted]

    assert refused() == [True, True]
    before = answered(running.command("agencies", "show", "G12", "--json"))
    after = answered(running.command("agencies", "amend", "G12", "--add-alias", "Bộ Ngân khố", "--json"))
    assert after == before | {"aliases": sorted([*before["aliases"], "Bộ Ngân khố"])}
    asyncio.run(until(lambda: settled(False)))
    shown = running.command("agencies", "show", "G12")
    assert "Bộ Ngân khố" in shown.stdout
    gone = running.command("agencies", "amend", "G12", "--remove-alias", "Bộ Ngân khố", "--json")
    assert answered(gone) == before
    asyncio.run(until(lambda: settled(True)))


def test_a_name_of_another_is_refused_by_command(running: Running) -> None:
    refused = running.command("agencies", "amend", "G12", "--add-alias", "Tỉnh Quảng Nam")
    assert refused.exit_code == 1
    assert "Thành phố Đà Nẵng (48)" in str(refused.exception)
    for words in ((), ("--remove-alias", "Không Có")):
        assert type(running.command("agencies", "amend", "G12", *words).exception).__name__ == "Misuse"


def test_an_agency_outside_the_catalogue_is_recorded(running: Running) -> None:
    words = (
        "--name",
        "Tập đoàn Bưu chính Viễn thông Việt Nam",
        "--short-name",
        "VNPT",
        "--bloc",
        "enterprise",
    )
    added = answered(running.command("agencies", "add", "VNPT", *words, "--level", "central", "--json"))
    assert added == running.get("/tasks/v1/agencies/VNPT").json()
    again = running.command("agencies", "add", "VNPT", *words, "--level", "central")
    assert "VNPT" in str(again.exception)


def test_a_group_is_recorded_and_its_members_join_and_leave(running: Running) -> None:
    words = (
        "--name",
        "Các tỉnh miền Trung",
        "--member",
        "38",
        "--member",
        "40",
        "--valid-from",
        "2025-01-01",
    )
    added = answered(running.command("groups", "add", "centre", *words, "--json"))
    assert added["member_codes"] == ["38", "40"]
    changes = (
        "--end-member",
        "38",
        "--valid-to",
        "2025-04-30",
        "--add-member",
        "42",
        "--valid-from",
        "2025-05-01",
    )
    moved = answered(
        running.command("groups", "amend", "centre", *changes, "--add-alias", "Miền Trung", "--json")
    )
    assert moved["member_codes"] == ["40", "42"]
    assert moved["aliases"] == ["Các tỉnh miền Trung", "Miền Trung"]
    shown = running.command("groups", "show", "centre").stdout
    assert "30/04/2025" in shown
    assert "centre" in running.command("groups", "list").stdout
    missing = running.command("groups", "amend", "centre", "--add-member", "44")
    assert "--valid-from" in str(missing.exception)


def test_what_is_agreed_of_a_database_is_changed_by_command(running: Running, tmp_path: Path) -> None:
    listed = tmp_path / "csdl.csv"
    listed.write_text(f"{HEADINGS}KHO-7,Kho,quốc gia,G12\n", encoding="utf-8")
    assert running.command("import", "databases", str(listed)).exit_code == 0
    words = ("--name", "Kho dữ liệu", "--period-seconds", "3600", "--grace-seconds", "600")
    amended = answered(running.command("databases", "amend", "KHO-7", *words, "--json"))
    assert (amended["name"], amended["heartbeat"]) == (
        "Kho dữ liệu", {"period_seconds": 3600, "grace_seconds": 600},
    )  # fmt: skip
    shown = running.command("databases", "amend", "KHO-7", "--owner-code", "G01")
    assert "G01" in shown.stdout
    assert running.get("/datasets/v1/databases/KHO-7").json()["owner_code"] == "G01"
    for misused in ((), ("--period-seconds", "60"), ("--holds-from", "2026-03-10T00:00:00+07:00")):
        assert type(running.command("databases", "amend", "KHO-7", *misused).exception).__name__ == "Misuse"
