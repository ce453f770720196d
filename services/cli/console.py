"""Output of the command: text on the terminal, JSON for scripts, one line for an error."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

# no markup: titles and names are data, and a bracket in one must stay a bracket
out = Console(markup=False)
err = Console(stderr=True, markup=False)

AsJson = Annotated[bool, typer.Option("--json", help="Kết quả dạng JSON cho kịch bản. / JSON for scripts.")]


class Stop(Exception):
    """The command cannot go on: one line in each language, with the remedy."""

    exit_code = 1

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class Misuse(Stop):
    """Wrong arguments: exit code 2, as for the options that typer refuses."""

    exit_code = 2


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
