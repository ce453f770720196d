"""The connection to Kafka's brokers, as options of aiokafka's clients."""

from dataclasses import dataclass
from pathlib import Path
from ssl import create_default_context
from typing import Any, Self

from shared.runtime.settings import Settings

RETRY_BACKOFF_MS = 500  # aiokafka logs every try: its own 100 ms fill the log while a broker is away


@dataclass(frozen=True)
class KafkaConnection:
    """Addresses, encryption and login of the brokers, the same for every client."""

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    ca_file: Path | None = None
    sasl_mechanism: str = "PLAIN"
    username: str | None = None
    password_file: Path | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        if settings.kafka is None:
            raise ValueError("set DONDOC_KAFKA to the bootstrap servers (see `dondoc settings`)")
        return cls(
            settings.kafka,
            settings.kafka_security_protocol,
            settings.kafka_ca_file,
            settings.kafka_sasl_mechanism,
            settings.kafka_username,
            settings.kafka_password_file,
        )

    def options(self) -> dict[str, Any]:
        """Arguments that all of aiokafka's clients take; the password is read anew, so that it can change."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "client_id": "dondoc",
            "retry_backoff_ms": RETRY_BACKOFF_MS,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = create_default_context(cafile=self.ca_file)
        if self.security_protocol.startswith("SASL"):
            if self.username is None or self.password_file is None:
                raise ValueError(
                    "set DONDOC_KAFKA_USERNAME and DONDOC_KAFKA_PASSWORD_FILE (see `dondoc settings`)"
                )
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password_file.read_text(encoding="utf-8").strip(),
            }
        return options
