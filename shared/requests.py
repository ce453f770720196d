"""Shapes that every request shares: unknown members refused, text bounded, clean and in one Unicode form."""

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from shared.errors import InvalidInput


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def refuse_nul(value: Any) -> None:
    """Raise when a NUL hides anywhere in a JSON value: PostgreSQL cannot store it, and no honest text has it."""
    waiting = [
        ("", value)
    ]  # (dotted path, value); a list of our own, since JSON may be nested as deep as the stack
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str) and "\0" in item:
            raise InvalidInput(
                "nul_character",
                "Văn bản chứa ký tự NUL: hãy bỏ ký tự đó.",
                "The text contains a NUL character: remove it.",
                field=path.replace("\0", "") or None,
            )
        if isinstance(item, dict):
            waiting += [(path, key) for key in item]
            waiting += [(f"{path}.{key}".lstrip("."), inner) for key, inner in item.items()]
        elif isinstance(item, list | tuple):
            waiting += [(f"{path}.{n}".lstrip("."), inner) for n, inner in enumerate(item)]


class RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        refuse_nul(value)
        return value


Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f?#]+$"),
    AfterValidator(_clean),
]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_clean)
]
Paragraph = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), AfterValidator(_clean)
]
Verbatim = Annotated[str, StringConstraints(max_length=1000)]
