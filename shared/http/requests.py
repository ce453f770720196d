"""Shapes that every request shares: unknown members refused, few errors looked for, text bounded, clean and in one form."""

import re
import unicodedata
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticOmit

from shared.document_numbers import normal_form
from shared.errors import InvalidInput
from shared.http.scalars import Boolean
from shared.http.validation import MAX_FIELD_ERRORS
from shared.text.characters import CONTROL, CONTROL_BUT_BREAKS, without_ignorable

# of the body that is being read; None outside one
_errors_found: ContextVar[int | None] = ContextVar("errors_found", default=None)


def _refuse_controls(text: str, controls: re.Pattern[str]) -> str:
    if found := controls.search(text):
        raise PydanticCustomError(
            "control_character",
            "The text contains the control character {character}: remove it.",
            {"character": f"U+{ord(found[0]):04X}"},
        )
    return text


def _clean(text: str, controls: re.Pattern[str]) -> str:
    shown = without_ignorable(_refuse_controls(text, controls)).strip()
    if not shown:
        raise PydanticCustomError("nothing_visible", "There is nothing to see in the text.")
    return unicodedata.normalize("NFC", shown)


def _clean_line(text: str) -> str:
    return _clean(text, CONTROL)


def _clean_paragraph(text: str) -> str:
    return _clean(text, CONTROL_BUT_BREAKS)


def _keep_paragraph(text: str) -> str:
    return without_ignorable(_refuse_controls(text, CONTROL_BUT_BREAKS))


def _require_number(text: str) -> str:
    """The number of a document as it was typed, when there is a letter or digit in it."""
    if not normal_form(text):
        raise PydanticCustomError("no_number", "A document number has a letter or a digit.")
    return text


class RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _with_few_errors(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Once there are more errors than a refusal tells, the items that follow are not looked at."""
        before = _errors_found.get()
        if before is not None and before >= MAX_FIELD_ERRORS:
            raise PydanticOmit  # from its list; the whole is refused already
        counting = _errors_found.set(before or 0)
        try:
            if isinstance(value, dict):
                _refuse_unknown(cls, value)
                _refuse_too_long(cls, value)
            return validate(value)
        except ValidationError as error:
            _errors_found.set((before or 0) + error.error_count())
            raise
        finally:
            if before is None:
                _errors_found.reset(counting)


class ChangeModel(RequestModel):
    """A change of what is there: members that are given are changed, the others stay.

    `nullable` are those for which null is a value, and not a slip; those `beside` change nothing by themselves.
    """

    nullable: ClassVar[frozenset[str]] = frozenset()
    beside: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        empty = [name for name in self.model_fields_set - self.nullable if getattr(self, name) is None]
        if empty or not self.model_fields_set - self.beside:
            nullable = ", ".join(sorted(self.nullable)) or "∅"
            raise InvalidInput(
                "change_empty",
                f"Ghi giá trị mới cho ít nhất một trường, bỏ các trường không đổi; được để null: {nullable}.",
                f"Give at least one member a new value and leave out those that stay; null is for: {nullable}.",
                field=min(empty, default=None),
            )
        return self


@cache
def known_members(model: type[BaseModel]) -> Mapping[str, int | None]:
    """The members of a request model, each with `maxItems` of its list, or None."""
    properties = model.model_json_schema()["properties"]
    return {
        name: next((kind["maxItems"] for kind in _kinds(shape) if "maxItems" in kind), None)
        for name, shape in properties.items()
    }


def _kinds(shape: dict[str, Any]) -> list[dict[str, Any]]:
    return [shape, *shape.get("anyOf", ())]


def _refuse_unknown(model: type[BaseModel], value: dict[Any, Any]) -> None:
    """One error for all of them, with the first few names: one each for 100,000 blocks the event loop."""
    known = known_members(model)
    if len(value) <= len(known) and value.keys() <= known.keys():
        return
    names = [name for name in value if name not in known][:MAX_FIELD_ERRORS]
    context = {"names": names, "known": sorted(known)}
    unknown = PydanticCustomError("extra_forbidden", "There are members that are not known.", context)
    raise ValidationError.from_exception_data(
        model.__name__, [InitErrorDetails(type=unknown, loc=(), input=None)]
    )


def _refuse_too_long(model: type[BaseModel], value: dict[Any, Any]) -> None:
    """Before its items are read, each of which may have errors of its own."""
    for name, most in known_members(model).items():
        items = value.get(name)
        if most is not None and isinstance(items, list) and len(items) > most:
            lengths = {"field_type": "List", "max_length": most, "actual_length": len(items)}
            too_long = InitErrorDetails(type="too_long", loc=(name,), input=None, ctx=lengths)
            raise ValidationError.from_exception_data(model.__name__, [too_long])


Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f?#]+$"),
    AfterValidator(_clean_line),
]
DocumentNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00-\x1f?#]+$"),
    AfterValidator(_clean_line),
    AfterValidator(_require_number),
]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_clean_line)
]
SIMILAR_IS_MEANT = "take a number although a similar one is recorded, e.g. 9/QD-BTC beside 9/QĐ-BTC"
SimilarIsMeant = Annotated[Boolean, Field(description=SIMILAR_IS_MEANT)]
# of one line or more
Paragraph = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
    AfterValidator(_clean_paragraph),
]
# as printed, to the letter
Verbatim = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_keep_paragraph)]
