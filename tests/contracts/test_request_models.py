"""Every shape of a request, whatever the route: its lists are bounded, and so are the errors that are looked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from services.register import SERVICES
from shared.errors import InvalidInput
from shared.http.requests import RequestModel

assert SERVICES  # imports every service, and with it every shape


def models(above: type[RequestModel] = RequestModel) -> Iterator[type[RequestModel]]:
    for model in above.__subclasses__():
        if model.__module__.startswith(("services.", "shared.")):
            yield from models(model)
            yield model


def lists(model: type[RequestModel]) -> Iterator[tuple[str, int | None]]:
    """The lists among its members, with the number of items that each may have."""
    for name, shape in model.model_json_schema()["properties"].items():
        for kind in (shape, *shape.get("anyOf", ())):
            if kind.get("type") == "array":
                yield name, kind.get("maxItems")


# a refusal tells 20; of a list of plain values, which are looked at all, there may be one for each
MOST_ERRORS = 1_020
EVERY = [(model, name, most) for model in models() for name, most in lists(model)]


@pytest.mark.parametrize(("model", "name", "most"), EVERY)
@pytest.mark.parametrize("item", [{}, [], {"a": 1, "b": 2}, 0])
def test_a_list_full_of_errors_has_few(
    model: type[RequestModel], name: str, most: int | None, item: Any
) -> None:
    """Ten thousand lines with six errors each would hold every other request for a second."""
    assert most is not None, "a list without an end"
    with pytest.raises((ValidationError, InvalidInput)) as refused:
        model.model_validate({name: [item] * most})
    if isinstance(refused.value, ValidationError):
        assert refused.value.error_count() <= MOST_ERRORS
