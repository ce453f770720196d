"""`dondoc restore`: what the logs need after databases were restored into another PostgreSQL cluster."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.connections import connecting, require_migrated
from services.cli.console import AsJson, out, print_json
from services.cli.deployment import deployment
from services.cli.environment import DATA_FOLDER
from services.cli.processes import require_service
from services.register import REGISTER, SERVICES
from services.suite import Databases
from shared.log.restore import is_native, restore_log, rewind_relay

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="SERVICE...", help="Mặc định: tất cả. / All by default: " + " | ".join(SERVICES)),
]
Data = Annotated[Path, typer.Option("--data-dir", help="Thư mục dữ liệu. / Data folder.")]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Cả khi cụm PostgreSQL vẫn là cụm cũ: sau khi phục hồi về thời điểm trước đó. / Also where the cluster is the "
        "same: after a restore to an earlier moment.",
    ),
]
NEXT = (
    "Tiếp theo: khởi động lại các dịch vụ; các hệ thống đọc …/changes sẽ nhận 410 và đọc lại từ đầu. Xem deploy/runbooks/restore.md.",
    "Next: start the services again; readers of …/changes are answered 410 and start over. See deploy/runbooks/restore.md.",
)


def restore(
    services: Names = None, force: Force = False, data_dir: Data = DATA_FOLDER, as_json: AsJson = False
) -> None:
    """Hoàn tất việc phục hồi cơ sở dữ liệu; làm lại được. / Complete a restore of the databases; may be repeated."""
    asked = services or list(SERVICES)
    for name in asked:
        require_service(name)

    async def run() -> list[dict[str, Any]]:
        async with deployment(data_dir) as (_, databases):
            for name in SERVICES:
                await require_migrated(name, databases[name].url)
            return await _restore_all(databases, asked, force=force)

    done = asyncio.run(run())
    if as_json:
        print_json(done)
        return
    for outcome in done:
        out.print(_sentence(outcome), highlight=False, soft_wrap=True)
    if any(outcome["restored"] for outcome in done):
        for line in NEXT:
            out.print(line, highlight=False, soft_wrap=True)


async def _restore_all(databases: Databases, asked: Sequence[str], *, force: bool) -> list[dict[str, Any]]:
    """The logs that a restored service follows are published again: it may have been restored to an earlier moment than they.

    That comes first, so that a run that was cut short does it when it is repeated.
    """
    done: list[dict[str, Any]] = []
    for name in asked:
        with connecting(name, databases[name].url):
            needed = force or not await is_native(databases[name])
        republished = []
        for source in REGISTER[name].consumes if needed else ():
            with connecting(source, databases[source].url):
                republished += [source] * await rewind_relay(databases[source])
        with connecting(name, databases[name].url):
            restored = await restore_log(databases[name], force=force)
        outcome = {"events": restored.events, "positions": restored.positions} if restored else {}
        done.append(
            {"service": name, "restored": restored is not None, **outcome, "republished": republished}
        )
    return done


def _sentence(outcome: dict[str, Any]) -> str:
    name = outcome["service"]
    if not outcome["restored"]:
        return f"{name}: không cần làm gì / nothing to do"
    events, positions = outcome["events"], outcome["positions"]
    republished = ", ".join(outcome["republished"])
    vi = f"{name}: {events} sự kiện sẽ được đọc lại, {positions} vị trí đọc bắt đầu lại"
    en = f"{events} events will be read again, {positions} positions begin again"
    if not republished:
        return f"{vi} / {en}"
    return f"{vi}; Kafka nhận lại từ đầu sự kiện của {republished} / {en}; Kafka gets the events of {republished} from their beginning"
