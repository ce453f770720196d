"""`dondoc dead-letters`: events that services set aside, on either transport, each in its consumer's database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from services.cli.connections import connecting, require_migrated
from services.cli.console import AsJson, Misuse, out, print_json
from services.cli.deployment import DataDir, deployment
from services.cli.environment import DATA_FOLDER
from services.register import REGISTER
from services.suite import Databases, SuiteSettings
from shared.log.bus.embedded import OutboxSource
from shared.log.dead_letters import Closing, StoredLetter, close_letter, list_letters, lock_letter
from shared.log.inbox import Consumer
from shared.log.poison import blames_event
from shared.runtime.audit import SYSTEM, add_audit
from shared.runtime.clock import LOCAL_ZONE
from shared.runtime.database import Change

app = typer.Typer(no_args_is_help=True, help="Sự kiện bị để riêng. / Events that services set aside.")

CONSUMING = tuple(name for name, service in REGISTER.items() if service.consumes)
MOST_LISTED, MOST_AT_ONCE = 200, 100
LONGEST_REASON, LONGEST_SHOWN = 500, 1000  # characters
_LARGEST_ID = 2**63 - 1
NOT_OPEN, FAILED = "not_open", "failed"
TOLD = {
    Closing.REPLAYED: ("đã áp dụng", "applied"),
    Closing.DROPPED: ("đã bỏ", "dropped"),
    NOT_OPEN: (
        "không có, hoặc đã xử lý: xem `dondoc dead-letters list`",
        "not there, or closed: see `dondoc dead-letters list`",
    ),
    FAILED: ("chưa áp dụng được, vẫn giữ nguyên", "cannot be applied yet, and stays"),
}

Name = Annotated[str, typer.Argument(metavar="SERVICE", help=" | ".join(CONSUMING))]
Ids = Annotated[
    list[int],
    typer.Argument(metavar="ID...", min=1, max=_LARGEST_ID, help="Như `list` cho biết. / As listed."),
]


@app.command("list")
def list_all(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help=" | ".join(CONSUMING))] = None,
    closed: Annotated[
        bool,
        typer.Option(
            "--closed", help="Cả những sự kiện đã xử lý, mới nhất trước. / Closed ones too, newest first."
        ),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_LISTED, help="Nhiều nhất mỗi dịch vụ. / At most, of each service.")
    ] = 50,
    data_dir: DataDir = DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Các sự kiện bị để riêng, và vì sao. / The events set aside, and why."""
    asked = CONSUMING if service is None else (_require_consuming(service),)

    async def run() -> list[dict[str, Any]]:
        found = []
        async with deployment(data_dir, asked) as (_, databases):
            for name in asked:
                await require_migrated(name, databases[name].url)
                with connecting(name, databases[name].url):
                    async with databases[name].reading() as connection:
                        letters = await list_letters(connection, limit, closed=closed)
                found += [_described(name, letter) for letter in letters]
        return found

    letters = asyncio.run(run())
    if as_json:
        print_json(letters)
    else:
        _show(letters)


@app.command()
def replay(service: Name, ids: Ids, data_dir: DataDir = DATA_FOLDER, as_json: AsJson = False) -> None:
    """Áp dụng lại sự kiện, đúng một lần, sau khi đã sửa lỗi. / Apply events after all, once, when the cause is mended."""
    _close_each(service, ids, _replay_one, data_dir, as_json=as_json)


@app.command()
def drop(
    service: Name,
    ids: Ids,
    reason: Annotated[str, typer.Option(help="Vì sao không cần nữa. / Why it is not needed.")],
    data_dir: DataDir = DATA_FOLDER,
    as_json: AsJson = False,
) -> None:
    """Bỏ hẳn sự kiện, có ghi lý do. / Give events up; the reason is recorded."""
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise Misuse(
            f"--reason cần có nội dung, nhiều nhất {LONGEST_REASON} ký tự.",
            f"--reason must say something, in at most {LONGEST_REASON} characters.",
        )

    async def drop_one(open_letter: _OpenLetter) -> Closing:
        return await open_letter.close(Closing.DROPPED, reason.strip())

    _close_each(service, ids, drop_one, data_dir, as_json=as_json)


@dataclass(frozen=True)
class _OpenLetter:
    """A letter of a service, locked, and the change in which it is closed."""

    service: str
    settings: SuiteSettings
    databases: Databases
    change: Change
    letter: StoredLetter

    async def close(self, closing: Closing, reason: str | None = None) -> Closing:
        (session, at), letter = self.change, self.letter
        await close_letter(session, letter.id, closing, reason)
        detail = {"source": letter.source, "event_id": str(letter.event_id), "reason": reason}
        await add_audit(session, SYSTEM, closing, "dead_letter", letter.id, at=at, **detail)
        return closing

    def consumer(self) -> Consumer:
        """Nothing is read from the source, so it may be an outbox where the transport is Kafka."""
        own, source = self.settings[self.service], self.letter.source
        database = self.databases[self.service]
        outbox = OutboxSource(source, self.databases[source], database)
        return REGISTER[self.service].build_consumer(own, database, own.make_clock(), outbox)


CloseOne = Callable[[_OpenLetter], Awaitable[Closing]]


async def _replay_one(open_letter: _OpenLetter) -> Closing:
    await open_letter.consumer().replay(open_letter.change, open_letter.letter)
    return await open_letter.close(Closing.REPLAYED)


def _close_each(service: str, ids: Sequence[int], close: CloseOne, data_dir: Path, *, as_json: bool) -> None:
    """Close letters, each in a transaction of its own, in order of id."""
    _require_consuming(service)
    if len(ids) > MOST_AT_ONCE:
        raise Misuse(
            f"Nhiều nhất {MOST_AT_ONCE} sự kiện một lần.", f"At most {MOST_AT_ONCE} events at a time."
        )

    async def run() -> list[dict[str, Any]]:
        async with deployment(data_dir, (service,)) as (settings, databases):
            await require_migrated(service, databases[service].url)
            with connecting(service, databases[service].url):
                return [
                    {"service": service, "id": letter_id}
                    | await _close_one(service, settings, databases, letter_id, close)
                    for letter_id in sorted(set(ids))
                ]

    outcomes = asyncio.run(run())
    if as_json:
        print_json(outcomes)
    else:
        for outcome in outcomes:
            out.print(_printed(outcome), highlight=False, soft_wrap=True)
    if any(outcome["outcome"] not in set(Closing) for outcome in outcomes):
        raise typer.Exit(1)


async def _close_one(
    service: str, settings: SuiteSettings, databases: Databases, letter_id: int, close: CloseOne
) -> dict[str, Any]:
    try:
        async with databases[service].change(settings[service].make_clock()) as change:
            letter = await lock_letter(change.session, letter_id)
            if letter is None:
                return {"outcome": NOT_OPEN, "reason": None}
            open_letter = _OpenLetter(service, settings, databases, change, letter)
            return {"outcome": await close(open_letter), "reason": None}
    except Exception as error:
        if not blames_event(error):  # the connection failed, or the schema does not fit
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return {"outcome": FAILED, "reason": reason[:LONGEST_SHOWN]}


def _printed(outcome: dict[str, Any]) -> str:
    vi, en = TOLD[outcome["outcome"]]
    reason = f": {outcome['reason']}" if outcome["reason"] else ""
    return f"{outcome['service']} {outcome['id']}: {vi} / {en}{reason}"


def _require_consuming(service: str) -> str:
    if service in CONSUMING:
        return service
    listed = ", ".join(CONSUMING)
    raise Misuse(f"SERVICE là một trong: {listed}.", f"SERVICE is one of: {listed}.")


def _described(service: str, letter: StoredLetter) -> dict[str, Any]:
    event_type, subject = _type_and_subject(letter)
    return {
        "service": service,
        "id": letter.id,
        "source": letter.source,
        "event_id": letter.event_id,
        "type": event_type,
        "subject": subject,
        "received_at": letter.received_at.astimezone(LOCAL_ZONE),
        "reason": letter.reason,
        "closed_at": letter.closed_at and letter.closed_at.astimezone(LOCAL_ZONE),
        "closing": letter.closing,
        "closing_reason": letter.closing_reason,
    }


def _type_and_subject(letter: StoredLetter) -> tuple[str | None, str | None]:
    try:
        event = letter.event()
    except ValueError:  # no event, or none that can be read
        return None, None
    return event.type, event.subject


def _show(letters: Sequence[dict[str, Any]]) -> None:
    if not letters:
        out.print("Không có sự kiện nào bị để riêng. / No event is set aside.")
        return
    table = Table(
        "dịch vụ / service",
        "id",
        "nguồn / source",
        f"lúc / at ({LOCAL_ZONE.key})",
        "loại / type",
        "đối tượng / subject",
        "vì sao / why",
        "đã xử lý / closed",
    )
    for letter in letters:
        table.add_row(
            letter["service"],
            str(letter["id"]),
            letter["source"],
            f"{letter['received_at']:%d/%m/%Y %H:%M}",
            letter["type"] or "",
            letter["subject"] or "",
            letter["reason"],
            " ".join(filter(None, (letter["closing"], letter["closing_reason"]))),
        )
    out.print(table)
