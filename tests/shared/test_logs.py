"""Log lines are JSON, carry the request's id, and never a secret."""

import json
import logging
from collections.abc import Iterator

import pytest

from shared import logs
from shared.auth import draw_key
from tests.support.toy import Toy


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[list[dict[str, object]]]:
    """What is logged during the test, as read from standard error; filled by `read`."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("INFO", "thử")
    yield []
    root.handlers[:] = handlers
    root.setLevel(level)


def read(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


SECRETS = (
    draw_key(b"p").token,
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "Bearer abc.def-ghi",
    "postgresql://user:matkhau@host/db",
    "postgresql+asyncpg://:matkhau@host/db",
)
PARTS = ("_".join(SECRETS[0].split("_")[2:]), "MfKQ9r8", "abc.def", "matkhau")


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_struck_out_wherever_it_stands(capsys: pytest.CaptureFixture[str], secret: str) -> None:
    logger = logging.getLogger("x")
    logger.warning("gọi với %s", secret)
    logger.warning("gọi", extra={"header": f'"{secret}"', "nested": {"deep": [secret]}})
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("hỏng")
    written = capsys.readouterr().err
    assert written.count("***") >= 4
    assert not any(part in written for part in PARTS)
    assert all(json.loads(line) for line in written.splitlines())


@pytest.mark.usefixtures("lines")
def test_an_address_without_a_password_stays_readable(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("x").info("http://127.0.0.1:8000/tasks and a@b.vn")
    [line] = read(capsys)
    assert line["message"] == "http://127.0.0.1:8000/tasks and a@b.vn"
    assert (line["level"], line["logger"], line["service"]) == ("INFO", "x", "thử")
    assert "timestamp" in line
    assert "request_id" not in line


@pytest.mark.usefixtures("lines")
async def test_a_line_written_during_a_request_has_its_id(
    toy: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    await toy.send("GET", "/toy/v1/bugs/plain", {"X-Request-Id": "op-7"})
    [line] = [line for line in read(capsys) if line["logger"] == "shared.problems"]
    assert line["request_id"] == "op-7"
    assert "went wrong" in str(line["exc_info"])
    assert "secretsecret" not in str(line)
