"""Evidence: a document's number, a link or a file. All services have it in this schema."""

from typing import Annotated, Literal, Self

from pydantic import Field, HttpUrl, TypeAdapter, ValidationError, model_validator

from shared.errors import InvalidInput
from shared.http.answers import Answer
from shared.http.requests import Line, RequestModel

_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


class EvidenceIn(RequestModel):
    kind: Literal["document", "url", "file"]
    reference: Annotated[
        Line, Field(description="document number, http(s) address, or name of a stored file")
    ]
    title: Line

    @model_validator(mode="after")
    def _url_is_one(self) -> Self:
        if self.kind == "url":
            try:
                _URL.validate_python(self.reference)
            except ValidationError:
                raise InvalidInput(
                    "evidence_url_invalid",
                    "Minh chứng dạng url phải là địa chỉ http(s) đầy đủ.",
                    "Evidence of kind url must be a full http(s) address.",
                    field="evidence",
                ) from None
        return self


class EvidenceOut(Answer):
    kind: str
    reference: str
    title: str
