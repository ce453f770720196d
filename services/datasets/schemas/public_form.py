"""Fields that are null in the public form of a database."""

from pydantic import Field

IN_FULL = Field(description="null in the public form")
ACTOR = Field(
    description="name and prefix of the key; null in the public form, or where the key may not know it"
)
