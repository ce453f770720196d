"""The commands, put together."""

import typer

from services.cli import imports, keys
from services.cli.catalogue import catalogue
from services.cli.console import Stop, err
from services.cli.generate import generate
from services.cli.listen import listen
from services.cli.processes import list_settings, migrate_databases, serve, topics, work
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
app.command()(serve)
app.command()(work)
app.command("migrate")(migrate_databases)
app.command()(topics)
app.command("settings")(list_settings)


def main() -> None:
    try:
        app()
    except Stop as stop:
        err.print(stop.vi, style="red", highlight=False, soft_wrap=True)
        err.print(str(stop), highlight=False, soft_wrap=True)
        raise SystemExit(1) from None
