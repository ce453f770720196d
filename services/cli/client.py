"""The suite's HTTP API as the command calls it: with the admin key of the data folder, or one given."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from services.cli.console import Stop

DEFAULT_URL = "http://127.0.0.1:8000"
LONGEST_SECONDS = 600.0  # a large import is one request

Url = Annotated[
    str, typer.Option("--url", envvar="DONDOC_URL", help="Địa chỉ hệ thống. / Where the suite runs.")
]
KeyFile = Annotated[
    Path,
    typer.Option(
        "--key-file", envvar="DONDOC_KEY_FILE", help="Tệp chứa khóa API. / File that holds the API key."
    ),
]
DEFAULT_KEY_FILE = Path(".dondoc/admin.key")


@contextmanager
def suite_client(url: str, key_file: Path) -> Iterator[httpx2.Client]:
    """A client whose refusals end the command with the sentence of the problem."""
    with httpx2.Client(
        base_url=url,
        headers={"authorization": f"Bearer {read_key(key_file)}"},
        timeout=LONGEST_SECONDS,
        trust_env=False,
        event_hooks={"response": [_raise_problem]},
    ) as client:
        try:
            yield client
        except httpx2.ConnectError:
            raise Stop(
                f"Không kết nối được {url}: hệ thống có đang chạy không (`make up`)?",
                f"{url} cannot be reached: is the suite running (`make up`)?",
            ) from None


def read_key(key_file: Path) -> str:
    if given := os.environ.get("DONDOC_KEY"):
        return given
    try:
        return key_file.read_text(encoding="ascii").strip()
    except OSError:
        raise Stop(
            f"Không đọc được khóa tại {key_file}: chạy `make up` trước, hoặc chỉ --key-file.",
            f"No key can be read at {key_file}: run `make up` first, or give --key-file.",
        ) from None


def _raise_problem(response: httpx2.Response) -> None:
    if response.is_success:
        return
    response.read()
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    details = "; ".join(f"{item['field']}: {item['detail']}" for item in problem.get("errors") or ())
    raise Stop(
        f"{problem.get('detail', response.status_code)} {details}".strip(),
        f"{problem.get('detail_en', response.reason_phrase)} [{problem.get('code', response.status_code)}]",
    )


def post(client: httpx2.Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, json=body).json()
