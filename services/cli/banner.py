"""The output of `dondoc up` once it runs: addresses, a summary, and commands that work as printed."""

import shlex
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from rich.table import Table

from services.cli.client import DEFAULT_KEY_FILE, DEFAULT_URL
from services.cli.console import out
from services.cli.summary import SHOWN, DatabaseSummary, DueTask, MoneySummary, Summary
from services.register import SERVICES
from shared.runtime.settings import Settings

TI = 10**9  # đồng
# 2025's figures as known before a correction in the sample data was recorded
BELIEVED = "year=2025&as_of=2026-01-31&known_at=2026-03-12T17:00:00%2B07:00"
# reads the URL without echo into a variable that `up` reads; bash and zsh support -s
ASK_FOR_URL = "read -rs DONDOC_DATABASE_URL && export DONDOC_DATABASE_URL"
HERE = IPv4Address("127.0.0.1")


@dataclass(frozen=True)
class Run:
    """One run of the suite: its address, admin key file, data, and the options it was started with.

    `asks_for_url`: its database URL holds a password, is not among the options, and must be typed again.
    """

    address: str
    admin_key_file: Path
    data: Path
    options: tuple[str, ...]
    asks_for_url: bool = False


def print_banner(run: Run, settings: Settings, summary: Summary) -> None:
    address = run.address
    out.print(f"\nĐôn đốc đang chạy tại / runs at {address}", style="bold")
    places = Table.grid(padding=(0, 2))
    places.add_row("API", "\n".join(f"{address}/{service}/docs" for service in SERVICES))
    places.add_row("Trạng thái / health", f"{address}/readyz   {address}/metrics")
    places.add_row("Khóa quản trị / admin key", str(run.admin_key_file))
    places.add_row("Dữ liệu / data", str(run.data))
    out.print(places)
    _tell_due(summary.due)
    out.print(f"\n{databases_line(summary.databases)}", soft_wrap=True)
    out.print(money_line(summary.money), soft_wrap=True)
    _suggest(run, settings)
    out.print("\nCtrl-C để dừng. / Ctrl-C stops it.")


def _tell_due(due: list[DueTask]) -> None:
    week = (
        "Đến hạn trong tuần / due this week" if due else "Tuần này không có hạn. / Nothing is due this week."
    )
    out.print(f"\n{week}", style="bold")
    for row in due[:SHOWN]:
        out.print(f"  {row.due_on:%d/%m/%Y}  {row.title}", soft_wrap=True)
    if len(due) > SHOWN:
        out.print("  …")


def databases_line(summary: DatabaseSummary) -> str:
    if not summary.total:
        return "Chưa có cơ sở dữ liệu nào. / There are no databases yet."
    return (
        f"Cơ sở dữ liệu, nền tảng, hệ thống / databases, platforms, systems: {summary.total}; "
        f"đã kết nối / connected {summary.connected}, chậm tín hiệu / late {summary.late}, "
        f"mâu thuẫn / contradicting {summary.contradicting}"
    )


def money_line(summary: MoneySummary | None) -> str:
    """In tỉ đồng, written as offices here do."""
    if summary is None:
        return "Chưa có tiền phân bổ. / No money is allocated yet."
    rate = f"{summary.rate}%".replace(".", ",")
    return (
        f"Ngân sách / budget {summary.year}: giải ngân / disbursed {_ti(summary.disbursed)} "
        f"trên / of {_ti(summary.allocated)} tỉ đồng đã phân bổ / allocated, {rate}"
    )


def _ti(dong: int) -> str:
    return f"{round(dong / TI):,}".replace(",", ".")


def _suggest(run: Run, settings: Settings) -> None:
    out.print("\nThử tiếp / try next", style="bold")
    for line in next_commands(run, settings):
        if line == ASK_FOR_URL:
            out.print(
                "  Dán lại URL của PostgreSQL, chữ không hiện / paste the PostgreSQL URL, it is not shown:"
            )
        elif line.startswith("make up"):
            out.print(
                "  Ctrl-C, rồi chạy lại để webhook gọi được máy này / then again, to admit webhooks to this machine:"
            )
        out.print(f"  {line}", soft_wrap=True, highlight=False)


def next_commands(run: Run, settings: Settings) -> list[str]:
    """Three things worth trying, as a shell in the project's folder takes them; alerts need a run that admits them."""
    key = f'"Authorization: Bearer $(cat {shlex.quote(str(run.admin_key_file))})"'
    listen = [".venv/bin/dondoc", "listen", "--agency", "G09"]
    if run.address != DEFAULT_URL:
        listen += ["--url", run.address]
    if run.admin_key_file != DEFAULT_KEY_FILE.resolve():
        listen += ["--key-file", str(run.admin_key_file)]
    trial = [shlex.join(listen)]
    if not any(HERE in allowed.network and allowed.port is None for allowed in settings.allow_outgoing):
        options = shlex.join([*run.options, "--allow-outgoing", f"{HERE}/32"]).replace("$", "$$")  # for make
        trial = [f"make up ARGS={shlex.quote(options)}", *trial]
        if run.asks_for_url:
            trial = [ASK_FOR_URL, *trial]
    return [
        f"curl -H {key} '{run.address}/tasks/v1/statistics?group_by=bloc'",
        f"curl -H {key} '{run.address}/finance/v1/disbursement?{BELIEVED}'",
        *trial,
    ]
