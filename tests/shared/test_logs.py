"""Log lines are JSON, carry the request's id, and never a secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from shared.keys.tokens import KeySigner, draw_key
from shared.runtime import logs
from tests.support.toy import Toy


class Written(io.StringIO):
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def written() -> Iterator[Written]:
    """What this process logs during the test, as it would stand on standard error."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("INFO", "thử")
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    stream = Written()
    handler.setStream(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


SECRETS = (
    KeySigner([b"p" * 32]).sign(draw_key("Bộ Nội vụ", "reader")),
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "Bearer abc.def-ghi",
    "postgresql://user:matkhau@host/db",
    "postgresql+asyncpg://:matkhau@host/db",
)
PARTS = ("_".join(SECRETS[0].split("_")[2:]), "MfKQ9r8", "abc.def", "matkhau")


@pytest.mark.parametrize("secret", SECRETS, ids=["key", "webhook", "bearer", "url", "driver_url"])
def test_a_secret_is_struck_out_wherever_it_stands(written: Written, secret: str) -> None:
    logger = logging.getLogger("x")
    logger.warning("gọi với %s", secret)
    logger.warning("gọi", extra={"header": f'"{secret}"', "nested": {"deep": [secret]}})
    try:
        raise ValueError(secret)
    except ValueError:
        logger.exception("hỏng")
    text = written.getvalue()
    assert text.count("***") >= 4
    assert not any(part in text for part in PARTS)
    assert len(written.lines()) == 3


def test_an_address_without_a_password_stays_readable(written: Written) -> None:
    logging.getLogger("x").info("http://127.0.0.1:8000/tasks and a@b.vn")
    [line] = written.lines()
    assert line["message"] == "http://127.0.0.1:8000/tasks and a@b.vn"
    assert (line["level"], line["logger"], line["service"]) == ("INFO", "x", "thử")
    assert "timestamp" in line
    assert "request_id" not in line


async def test_a_line_written_during_a_request_has_its_id(toy: Toy, written: Written) -> None:
    await toy.send("GET", "/toy/v1/bugs/plain", {"X-Request-Id": "op-7"})
    [line] = [line for line in written.lines() if line["logger"] == "shared.http.problems"]
    assert line["request_id"] == "op-7"
    assert "went wrong" in str(line["exc_info"])
    assert "secretsecret" not in str(line)
