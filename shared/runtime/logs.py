"""JSON lines on standard error; what looks like a secret is masked."""

import logging
import logging.config
import re
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# Within a line of JSON: a backslash begins an escape and is no part of a secret.
_SECRETS = re.compile(r"(ddk_[0-9a-f]{12}_|whsec_|Bearer )[^\s\"'@\\]+|(://[^:/@\s]*:)[^\s\"'/@\\]+(?=@)")


class _Formatter(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return _SECRETS.sub(r"\1\2***", super().format(record))


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if (current := request_id.get()) is not None:
            record.request_id = current
        return True


def configure(level: str, service: str) -> None:
    """Log as JSON from here on, in this process."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _Formatter(
            "{levelname}{name}{message}",
            style="{",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": service},
            json_ensure_ascii=False,
        )
    )
    handler.addFilter(_RequestId())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aiokafka", "alembic", "httpx2", "httpcore2"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
