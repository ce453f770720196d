"""What `dondoc up` says once it runs: where things are, what is due, and commands that work as printed."""

import shlex
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from rich.table import Table

from services.cli.client import DEFAULT_KEY_FILE, DEFAULT_URL
from services.cli.console import out
from shared.database import AnyRow
from shared.settings import Settings

SHOWN = 5
HERE = IPv4Address("127.0.0.1")


@dataclass(frozen=True)
class Run:
    """One run of the suite: where it is reached, what it stands on, and the options it was started with."""

    address: str
    admin_key_file: Path
    data: Path
    options: tuple[str, ...]


def greet(run: Run, settings: Settings, due: list[AnyRow]) -> None:
    """Tell a newcomer. `due` may hold one task more than is shown."""
    address = run.address
    out.print(f"\nĐôn đốc đang chạy tại / runs at {address}", style="bold")
    places = Table.grid(padding=(0, 2))
    places.add_row("API", f"{address}/tasks/docs   {address}/notify/docs")
    places.add_row("Trạng thái / health", f"{address}/readyz   {address}/metrics")
    places.add_row("Khóa quản trị / admin key", str(run.admin_key_file))
    places.add_row("Dữ liệu / data", str(run.data))
    out.print(places)
    week = (
        "Đến hạn trong tuần / due this week" if due else "Tuần này không có hạn. / Nothing is due this week."
    )
    out.print(f"\n{week}", style="bold")
    for row in due[:SHOWN]:
        out.print(f"  {row.due_on:%d/%m/%Y}  {row.title}", soft_wrap=True)
    if len(due) > SHOWN:
        out.print("  …")
    out.print("\nThử tiếp / try next", style="bold")
    for line in next_commands(run, settings):
        if line.startswith("make up"):
            out.print(
                "  Ctrl-C, rồi chạy lại để webhook gọi được máy này / then again, to admit webhooks to this machine:"
            )
        out.print(f"  {line}", soft_wrap=True, highlight=False)
    out.print("\nCtrl-C để dừng. / Ctrl-C stops it.")


def next_commands(run: Run, settings: Settings) -> list[str]:
    """Three things worth trying, as a shell in the project's folder takes them; alerts need a run that admits them."""
    key = f'"Authorization: Bearer $(cat {shlex.quote(str(run.admin_key_file))})"'
    listen = [".venv/bin/dondoc", "listen", "--agency", "G09"]
    if run.address != DEFAULT_URL:
        listen += ["--url", run.address]
    if run.admin_key_file != DEFAULT_KEY_FILE.resolve():
        listen += ["--key-file", str(run.admin_key_file)]
    trial = [shlex.join(listen)]
    if not any(HERE in network for network in settings.allow_outgoing):
        options = shlex.join([*run.options, "--allow-outgoing", f"{HERE}/32"]).replace("$", "$$")  # for make
        trial = [f"make up ARGS={shlex.quote(options)}", *trial]
    return [
        f"curl -H {key} '{run.address}/tasks/v1/statistics?group_by=bloc'",
        f"curl -H {key} '{run.address}/tasks/v1/tasks?status=overdue&status=due_soon&limit=5'",
        *trial,
    ]
