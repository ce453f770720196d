"""The record of API keys. Verifying a key does not read it."""

from datetime import datetime

from sqlalchemy import Index, false
from sqlalchemy.orm import Mapped, mapped_column

from services.tasks.tables.base import Base


class IssuedKey(Base):
    """A key as issued; its revocation is a row of `revoked_keys`."""

    __tablename__ = "issued_keys"
    __table_args__ = (Index(None, "issued_at"),)

    prefix: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    agency_code: Mapped[str | None]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    defence_security: Mapped[bool] = mapped_column(server_default=false())
