"""Agencies: their names, identifiers and predecessors."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.tasks.schemas.fields import Aliases, Day
from shared.events.tasks import Identifier
from shared.http.answers import Answer, example
from shared.http.requests import ChangeModel, Code, Line, RequestModel


class IdentifierIn(RequestModel):
    scheme: Annotated[Code, Field(description="electronic_code, qcvn_102, administrative_code ...")]
    value: Code
    valid_from: Day | None = None
    valid_to: Day | None = None


class AgencyIn(RequestModel):
    model_config = example(
        code="BQLKCN-HN",
        name="Ban Quản lý các khu công nghệ cao Hà Nội",
        bloc="government",
        level="province",
        parent_code="01",
        identifiers=[{"scheme": "electronic_code", "value": "H26.19", "valid_from": "2025-07-01"}],
    )

    code: Code
    name: Line
    short_name: Line | None = None
    bloc: Code
    level: Literal["central", "province", "commune"]
    parent_code: Code | None = None
    identifiers: Annotated[tuple[IdentifierIn, ...], Field(max_length=50)] = ()
    aliases: Aliases = ()


class AgencyChange(ChangeModel):
    """Members that are left out stay as they are. A name or short name that is replaced stays as an alias."""

    nullable = frozenset({"short_name"})

    model_config = example(
        name="Bộ Nông nghiệp và Môi trường", aliases=["BNNMT", "Bộ Nông nghiệp Môi trường"]
    )

    name: Line | None = None
    short_name: Line | None = None
    aliases: Annotated[Aliases | None, Field(description="all aliases: those left out are removed")] = None


class PredecessorOut(Answer):
    """A former body that this agency answers for; `valid_to` is its last day, `unit`: it is a unit of the agency now."""

    name: str
    short_name: str | None
    valid_to: date | None
    unit: bool
    successor_codes: list[str]


class AgencyOut(Answer):
    code: str
    name: str
    short_name: str | None
    bloc: str
    level: str
    parent_code: str | None
    identifiers: list[Identifier]
    aliases: list[str]
    predecessors: list[PredecessorOut]


class AgencyPage(Answer):
    items: list[AgencyOut]
    next_cursor: str | None
