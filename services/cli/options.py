"""Options that several commands take, listed once: a dataclass whose fields typer shows as the command's own."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer is to read it: each parameter that is a dataclass is replaced by the fields of that."""
    parameters: list[Parameter] = []
    shared: dict[str, Any] = {}
    for parameter in signature(command).parameters.values():
        kind = parameter.annotation
        if isinstance(kind, type) and is_dataclass(kind):
            shared[parameter.name] = kind
            parameters += signature(kind).parameters.values()
        else:
            parameters.append(parameter)
    parameters = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in parameters]  # in any order

    @wraps(command)
    def run(**given: Any) -> None:
        whole = {
            name: kind(**{field.name: given.pop(field.name) for field in fields(kind)})
            for name, kind in shared.items()
        }
        command(**given, **whole)

    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what inspect reads first
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
