"""The commands, put together."""

import signal
import sys

import typer

from services.cli import agencies, databases, dead_letters, groups, imports, keys
from services.cli.catalogue import catalogue
from services.cli.console import Misuse, Stop, err
from services.cli.generate import generate
from services.cli.listen import listen
from services.cli.processes import list_settings, migrate_databases, serve, topics, work
from services.cli.rebuild import rebuild
from services.cli.restore import restore
from services.cli.simulate import simulate
from services.cli.up import up

app = typer.Typer(
    name="dondoc",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals hold keys and passwords
    help="Đôn đốc: theo dõi nhiệm vụ và cảnh báo thời hạn. / Follow-up of directive programmes.",
)
app.command()(up)
app.add_typer(imports.app, name="import")
app.command()(listen)
app.command()(simulate)
app.command()(generate)
app.add_typer(keys.app, name="keys")
app.command()(catalogue)
app.add_typer(agencies.app, name="agencies")
app.add_typer(groups.app, name="groups")
app.add_typer(databases.app, name="databases")
app.add_typer(dead_letters.app, name="dead-letters")
app.command()(serve)
app.command()(work)
app.command("migrate")(migrate_databases)
app.command()(topics)
app.command()(restore)
app.command()(rebuild)
app.command("settings")(list_settings)


def main() -> None:
    # as an exit, so that an embedded server that was started is stopped too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        _require_text(sys.argv)
        app()
    except Stop as stop:
        err.print(stop.vi, style="red", highlight=False, soft_wrap=True)
        err.print(str(stop), highlight=False, soft_wrap=True)
        raise SystemExit(stop.exit_code) from None


def _require_text(words: list[str]) -> None:
    """Refuse bytes that are no UTF-8: neither a database nor a message can hold them."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise Misuse(
                f"Dòng lệnh có byte không phải UTF-8 tại {word!a}: viết lại bằng UTF-8.",
                f"The command line has bytes that are no UTF-8 at {word!a}: write it in UTF-8.",
            ) from None
