"""Settings that every process reads from the environment, under the prefix DONDOC_."""

import base64
import binascii
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.runtime.clock import LOCAL_ZONE, Clock, SimulatedClock, SystemClock
from shared.runtime.networks import AllowedNetwork

KEY_BYTES = 32
LOCAL_URL = "http://127.0.0.1:8000"
CHANGES_PER_DAY = 2_000  # of an agency that reports by a system of its own, and far from what fills a disk


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DONDOC_", env_file=None, extra="ignore", frozen=True)

    database_url: SecretStr = Field(
        description="PostgreSQL 18 server, e.g. postgresql://user:password@host/dondoc_{service}; {service} is replaced "
        "by the service's name, and a URL without a database gets dondoc_{service}"
    )
    database_password_file: str | None = Field(
        default=None,
        description="file that holds the password of a URL without one; {service} is replaced here too",
    )
    database_pool_size: int = Field(
        default=10,
        ge=2,
        le=90,
        description="connections per process and service; the sender of webhooks has two of its own besides",
    )
    kafka: str | None = Field(
        default=None,
        description="bootstrap servers host:port,...; without it services read each other's outboxes, all in one process",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="how brokers are spoken to"
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="certificate authority of the brokers; the system's own without it"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="how to log in to Kafka, with SASL_PLAINTEXT and SASL_SSL"
    )
    kafka_username: str | None = Field(default=None, description="who logs in to Kafka")
    kafka_password_file: Path | None = Field(default=None, description="file that holds that password")
    kafka_replication: int = Field(
        default=3,
        ge=1,
        le=10,
        description="copies of each event that `dondoc topics` asks for; 1 on one broker",
    )
    secret_key: SecretStr | None = Field(
        default=None, description="32 bytes in base64: signs API keys, encrypts webhook secrets"
    )
    secret_key_file: Path | None = Field(default=None, description="file that holds the secret key instead")
    secret_key_previous: SecretStr | None = Field(
        default=None,
        description="the secret key before, while it is rotated: what it signed and encrypted is accepted too",
    )
    secret_key_previous_file: Path | None = Field(
        default=None, description="file that holds it instead; an empty one holds none"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(
        default=8000, ge=0, le=65535, description="port to listen on (workers: health and metrics)"
    )
    public_url: str = Field(default=LOCAL_URL, description="how callers reach the gateway; used in links")
    allow_outgoing: Annotated[tuple[AllowedNetwork, ...], NoDecode] = Field(
        default=(),
        description="CIDRs, separated by commas, that webhooks may reach although private, also by http; with a port "
        "only that one: 10.0.0.0/8:8443, [fd00::/8]:8443",
    )
    clock: datetime | None = Field(
        default=None, description="start a simulated clock at this ISO 8601 instant"
    )
    clock_speed: float = Field(
        default=1.0, gt=0, le=1_000_000, description="simulated seconds per real second"
    )
    clock_anchor: datetime | None = Field(
        default=None,
        description="real instant at which the simulated clock shows its start (default: process start)",
    )
    log_retention_days: int = Field(
        default=90,
        ge=0,
        le=36_500,
        description="days that events stay in a service's log after every reader has read them, 0: for ever; cursors of "
        "the feeds of changes expire with them",
    )
    idempotency_retention_days: int = Field(
        default=7,
        ge=1,
        le=36_500,
        description="days in which a repeated Idempotency-Key gets the first answer",
    )
    changes_per_day: int = Field(
        default=CHANGES_PER_DAY,
        ge=0,
        le=100_000_000,
        description="changes that the key of an agency may send in a day to each process of a service, as many at once; "
        "heartbeats have their own limit; 0: no limit",
    )
    audit_retention_years: int = Field(
        default=10, ge=1, le=100, description="years that it stays recorded who changed what"
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("database_url")
    @classmethod
    def _is_a_url(cls, value: SecretStr) -> SecretStr:
        try:
            make_url(value.get_secret_value())
        except ArgumentError:
            raise ValueError("write it as postgresql://user:password@host/dondoc_{service}") from None
        return value

    @field_validator("allow_outgoing", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(AllowedNetwork.parse(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("clock", "clock_anchor")
    @classmethod
    def _local_when_naive(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=LOCAL_ZONE) if value is not None and value.tzinfo is None else value

    @model_validator(mode="after")
    def _secrets_are_whole(self) -> "Settings":
        if self.secret_key is not None or self.secret_key_file is not None:
            self.secrets  # noqa: B018 - reading them validates them, at start rather than at the first request
        return self

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """The secret key, 32 bytes from the variable or the file; after it the previous one while it is rotated."""
        secret = _text(self.secret_key, self.secret_key_file)
        if secret is None:
            raise ValueError("set DONDOC_SECRET_KEY or DONDOC_SECRET_KEY_FILE (see `dondoc settings`)")
        previous = _text(self.secret_key_previous, self.secret_key_previous_file)
        return (_key_bytes(secret), *([_key_bytes(previous)] if previous else []))

    def database_for(self, service: str) -> URL:
        """The URL of that service's database. Raises OSError when the password's file cannot be read."""
        url = make_url(self.database_url.get_secret_value().replace("{service}", service))
        if self.database_password_file is not None:
            file = Path(self.database_password_file.replace("{service}", service))
            url = url.set(password=file.read_text(encoding="utf-8").strip())
        return url.set(drivername="postgresql+asyncpg", database=url.database or f"dondoc_{service}")

    def make_clock(self) -> Clock:
        """Real time; a simulated clock where a start or a speed is set."""
        system = SystemClock()
        if self.clock is None and self.clock_speed == 1.0:
            return system
        return SimulatedClock(self.clock or system.now(), speed=self.clock_speed, anchor=self.clock_anchor)


def _text(value: SecretStr | None, file: Path | None) -> str | None:
    if value is not None:
        return value.get_secret_value()
    return file.read_text(encoding="ascii").strip() if file is not None else None


def _key_bytes(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("a secret key must be 32 bytes in base64, e.g. from `openssl rand -base64 32`")
    return key
