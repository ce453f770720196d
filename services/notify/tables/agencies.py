"""Our copy of agencies."""

from services.notify.tables.base import Base
from shared.agencies import AgencyCopy


class Agency(AgencyCopy, Base):
    __tablename__ = "agencies"
