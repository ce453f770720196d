"""Our copy of budgets."""

from datetime import date

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from services.notify.tables.base import SubjectCopy


class Budget(SubjectCopy):
    """A budget as the finance service last reported it, in đồng."""

    __tablename__ = "budgets"

    id: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int]
    level: Mapped[str]
    agency_code: Mapped[str]
    approved: Mapped[int] = mapped_column(BigInteger)
    allocated: Mapped[int] = mapped_column(BigInteger)
    unallocated: Mapped[int] = mapped_column(BigInteger)
    disbursed: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    first_allocated_on: Mapped[date | None]
