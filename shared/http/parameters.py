"""Query parameters and body of a route, read from the route itself; any other is refused, never ignored."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Literal, get_args, get_origin

from fastapi import Request, params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from shared.errors import InvalidInput, UnsupportedMedia
from shared.http.preconditions import refuse_conditions, required_versions
from shared.http.validation import MAX_FIELD_ERRORS, unknown_name
from shared.text.nearest import shortened
from shared.text.strict_json import read_json

_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})
_NOTHING = frozenset({b"", b"{}", b"null"})  # bodies without content


@dataclass(frozen=True, slots=True)
class Takes:
    """Parameters of a route.

    Attributes:
        parameters: names of query parameters; true where one may be given several times.
        body: its kind; None for no body.
        if_match: whether it compares versions.
        scopes: required of the caller.
    """

    parameters: Mapping[str, bool]
    body: Literal["json", "form"] | None
    if_match: bool
    scopes: tuple[str, ...]

    @classmethod
    def of(cls, route: APIRoute) -> "Takes":
        asked = [
            field for field in get_flat_params(route.dependant) if isinstance(field.field_info, params.Query)
        ]
        several = {field.alias: _is_list(field.field_info.annotation) for field in asked}
        form = route.body_field is not None and isinstance(route.body_field.field_info, params.Form)
        body: Literal["json", "form"] | None = "form" if form else "json" if route.body_field else None
        dependants = list(below(route.dependant))
        return cls(
            several,
            body,
            if_match=any(each.call is required_versions for each in dependants),
            scopes=tuple(scope for each in dependants for scope in each.own_oauth_scopes or ()),
        )

    async def check(self, request: Request) -> None:
        """Raises InvalidInput, UnsupportedMedia or StaleVersion; a form is not read yet."""
        self._check_parameters(request)
        if request.method not in {"GET", "HEAD"}:
            refuse_conditions(request, takes_if_match=self.if_match)
        if self.body is not None:
            _check_encoding(request)
        if self.body == "form":
            _require_media_type(request, "multipart/form-data")
        elif self.body == "json":
            await _check_json(request)
        elif (await request.body()).strip() not in _NOTHING:
            raise InvalidInput(
                "body_unexpected",
                "Yêu cầu này không nhận nội dung: bỏ nội dung; bộ lọc và lựa chọn là tham số của địa chỉ.",
                "This request takes no body: leave it out; filters and choices are parameters of the address.",
            )

    def _check_parameters(self, request: Request) -> None:
        given = request.query_params.multi_items()
        unknown = unknown_names((name for name, _ in given), self.parameters)
        if unknown:
            raise InvalidInput(
                "parameter_unknown",
                f"Không có tham số {_listed(unknown)}. Địa chỉ này nhận: {_listed(self.parameters) or 'không tham số nào'}.",
                f"There is no parameter {_listed(unknown)}. This address takes: {_listed(self.parameters) or 'none'}.",
                field=shortened(unknown[0]),
                errors=[
                    unknown_name(shortened(name), name, self.parameters, "parameter_unknown").model_dump()
                    for name in unknown
                ],
            )
        refuse_repeated(name for name, _ in given if not self.parameters[name])


def unknown_names(given: Iterable[str], known: Collection[str]) -> list[str]:
    """Each once, in the order given; at most MAX_FIELD_ERRORS."""
    return list(dict.fromkeys(name for name in given if name not in known))[:MAX_FIELD_ERRORS]


def refuse_repeated(single: Iterable[str]) -> None:
    """Refuse a name that was given more than once where one value is meant."""
    repeated = [name for name, times in Counter(single).items() if times > 1][:MAX_FIELD_ERRORS]
    if repeated:
        raise InvalidInput(
            "parameter_repeated",
            f"Chỉ ghi một lần: {_listed(repeated)}. Giữ lại giá trị muốn hỏi.",
            f"Give it once: {_listed(repeated)}. Keep the value that is meant.",
            field=repeated[0],
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(shortened(name) for name in sorted(names))


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def below(dependant: Dependant) -> Iterator[Dependant]:
    """Itself and all that it depends on."""
    yield dependant
    for each in dependant.dependencies:
        yield from below(each)


# --- bodies -----------------------------------------------------------------------------------------------------


def _check_encoding(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise UnsupportedMedia(
            "content_encoding_unsupported",
            "Nội dung phải gửi không nén: bỏ tiêu đề Content-Encoding.",
            "The body must be sent as it is: leave out the header Content-Encoding.",
            field="Content-Encoding",
        )


def _require_media_type(request: Request, wanted: str) -> None:
    header = request.headers.get("content-type", "")
    kind, _, rest = header.partition(";")
    kind = kind.strip().lower()
    if kind == wanted or (
        wanted.endswith("/json") and kind.startswith("application/") and kind.endswith("+json")
    ):
        charset = rest.lower().partition("charset=")[2].partition(";")[0].strip(' "')
        if charset in _CHARSETS:
            return
    given = shortened(header) or "∅"
    raise UnsupportedMedia(
        "content_type_unsupported",
        f"Nội dung cần tiêu đề Content-Type: {wanted} (UTF-8); yêu cầu này ghi: {given}.",
        f"The body needs the header Content-Type: {wanted} (UTF-8); this request says: {given}.",
        field="Content-Type",
    )


async def _check_json(request: Request) -> None:
    """Refuse a body that is missing or no JSON, with the place where it stops being JSON."""
    body = await request.body()
    if not body.strip():
        raise InvalidInput(
            "body_missing",
            "Thiếu nội dung: gửi một đối tượng JSON với tiêu đề Content-Type: application/json.",
            "The body is missing: send a JSON object with the header Content-Type: application/json.",
        )
    _require_media_type(request, "application/json")
    try:
        request._json = read_json(body.decode("utf-8-sig"))  # noqa: SLF001 - where request.json() keeps it: parsed once
    except JSONDecodeError as error:
        raise _no_json(error) from None
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "body_not_utf8",
            f"Nội dung không phải UTF-8 từ byte thứ {error.start + 1}: gửi JSON bằng UTF-8.",
            f"The body is no UTF-8 from byte {error.start + 1} on: send JSON in UTF-8.",
            position={"byte": error.start + 1},
        ) from None
    except (RecursionError, ValueError):
        raise InvalidInput(
            "json_too_complex",
            "JSON lồng quá sâu, có quá nhiều phần tử hoặc có số quá nhiều chữ số: gửi theo đúng mẫu trong tài liệu API.",
            "The JSON is nested too deep, has too many values or a number of too many digits: send what the API reference "
            "shows.",
        ) from None


def _no_json(error: JSONDecodeError) -> InvalidInput:
    line, column = error.lineno, error.colno
    return InvalidInput(
        "json_invalid",
        f"Nội dung không phải JSON đúng cú pháp tại dòng {line}, cột {column}: kiểm tra dấu ngoặc, dấu phẩy, dấu nháy ở đó.",
        f"The body stops being JSON at line {line}, column {column} ({error.msg}): check brackets, commas and quotes there.",
        position={"line": line, "column": column, "offset": error.pos},
    )
