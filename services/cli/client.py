"""The suite's HTTP API as the command calls it: with the admin key of the data folder, or one given."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from fastapi import FastAPI

from services.cli.console import AsJson, Misuse, Stop

DEFAULT_URL = "http://127.0.0.1:8000"
LONGEST_SECONDS = 600.0  # a large import is one request
FORWARD_SECONDS = 10.0

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Options of commands that call the suite and print what it answers."""

    url: Url = DEFAULT_URL
    key_file: KeyFile = DEFAULT_KEY_FILE
    as_json: AsJson = False

    def client(self) -> AbstractContextManager[httpx2.Client]:
        return suite_client(self.url, self.key_file)


@contextmanager
def suite_client(url: str, key_file: Path) -> Iterator[httpx2.Client]:
    """A client of which every refusal raises Stop with the sentences of the problem."""
    require_url("--url", url)
    with (
        reaching_suite(url),
        httpx2.Client(
            base_url=url,
            headers={"authorization": f"Bearer {read_key(key_file)}"},
            timeout=LONGEST_SECONDS,
            trust_env=False,
            event_hooks={"response": [raise_problem]},
        ) as client,
    ):
        yield client


@contextmanager
def reaching_suite(url: str) -> Iterator[None]:
    """Raises Stop for a transport error in the block."""
    try:
        yield
    except httpx2.TransportError as error:
        what = type(error).__name__
        raise Stop(
            f"Không kết nối được {url} ({what}): hệ thống có đang chạy không (`make up`)?",
            f"{url} cannot be reached ({what}): is the suite running (`make up`)?",
        ) from None


def amend(
    client: httpx2.Client,
    path: str,
    body: dict[str, Any],
    *,
    add_aliases: list[str] | None = None,
    remove_aliases: list[str] | None = None,
) -> Any:
    """PATCH the resource at `path`, aliases included, with If-Match. Raises Misuse without a change."""
    read = client.get(path)
    if add_aliases or remove_aliases:
        aliases = _changed_aliases(read.json()["aliases"], add_aliases or [], remove_aliases or [])
        body = body | {"aliases": aliases}
    if not body:
        raise Misuse(
            "Chưa nói sửa gì: xem các tùy chọn bằng --help.", "Nothing to change was said: see --help."
        )
    return client.patch(path, json=body, headers={"if-match": read.headers["etag"]}).json()


def _changed_aliases(known: list[str], added: list[str], removed: list[str]) -> list[str]:
    if missing := [alias for alias in removed if alias not in known]:
        listed = ", ".join(missing)
        raise Misuse(
            f"Không có tên gọi {listed}: ghi đúng như `show` hiện.",
            f"There is no alias {listed}: write it as `show` prints it.",
        )
    return [alias for alias in known if alias not in removed] + added


def require_url(option: str, text: str) -> None:
    try:
        url = httpx2.URL(text)
        good = url.scheme in {"http", "https"} and bool(url.host) and 0 < (url.port or 80) <= 65535  # noqa: PLR2004 - TCP's ports
    except (httpx2.InvalidURL, ValueError):
        good = False
    if not good:
        raise Misuse(
            f"{option} “{text}”: ghi dạng http://máy-chủ:8000.", f"{option} “{text}”: write http://host:8000."
        )


def read_key(key_file: Path) -> str:
    try:
        key = os.environ.get("DONDOC_KEY") or key_file.read_text(encoding="utf-8")
        return _required_key(key.strip())
    except (OSError, ValueError):  # ValueError: no key at all, but some other file
        raise Stop(
            f"Không đọc được khóa tại {key_file}: chạy `make up` trước, hoặc chỉ --key-file.",
            f"No key can be read at {key_file}: run `make up` first, or give --key-file.",
        ) from None


def _required_key(text: str) -> str:
    """The key, if it fits into a header: visible ASCII without spaces. Raises ValueError."""
    if not text.isascii() or not text.isprintable() or " " in text or not text:
        raise ValueError("this is no key")
    return text


def raise_problem(response: httpx2.Response) -> None:
    """Raise Stop for a problem, or for a response that is not the suite's."""
    is_json = "json" in response.headers.get("content-type", "")
    if response.is_success:
        if not is_json and response.status_code != httpx2.codes.NO_CONTENT:
            raise Stop(
                f"{response.url} trả lời nhưng không phải Đôn đốc: kiểm tra --url.",
                f"{response.url} answers but is not Đôn đốc: check --url.",
            )
        return
    response.read()
    problem = response.json() if is_json else {}
    if response.status_code == httpx2.codes.UNAUTHORIZED:
        raise Stop(
            f"{response.url.netloc.decode()} không nhận khóa này: đặt DONDOC_KEY_FILE hoặc --key-file tới khóa của "
            "lần chạy đó (<data-dir>/admin.key).",
            f"{response.url.netloc.decode()} does not take this key: let DONDOC_KEY_FILE or --key-file name that of "
            "its run (<data-dir>/admin.key).",
        )
    details = "; ".join(f"{item['field']}: {item['detail']}" for item in problem.get("errors") or ())
    raise Stop(
        f"{problem.get('detail', response.status_code)} {details}".strip(),
        f"{problem.get('detail_en', response.reason_phrase)} [{problem.get('code', response.status_code)}]",
    )


@asynccontextmanager
async def app_client(app: FastAPI, token: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Calls an application in this process, on the same paths as over the network."""
    headers = {"authorization": f"Bearer {token}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://suite", headers=headers) as client:
        yield client


class Forwarder:
    """Passes webhooks on to one URL, and returns the status of the response."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._client = httpx2.AsyncClient(timeout=FORWARD_SECONDS, trust_env=False)

    async def forward(self, content: bytes, headers: Mapping[str, str]) -> int | None:
        """The target's status; None when it could not be reached."""
        passed_on = {
            name: value for name, value in headers.items() if name.startswith(("webhook-", "content-type"))
        }
        try:
            return (await self._client.post(self.target, content=content, headers=passed_on)).status_code
        except httpx2.HTTPError:
            return None

    async def close(self) -> None:
        await self._client.aclose()
