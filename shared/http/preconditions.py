"""Conditional requests (RFC 9110, section 13): If-Match, If-None-Match and the tags they compare.

A tag begins with the version of what it was read from. That of a read goes on with a digest of the answer, for a status
changes with the day and no version: `"3.9f86d081884c7d65"`. A change compares versions; a read, whole tags.
An answer with `as_of` or `known_at`, or in its public form, has no version, for no change may depend on it:
`"moment.9f86d081884c7d65"`.
"""

import hashlib
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, NamedTuple

from fastapi import Depends, Request, Response

from shared.errors import InvalidInput, StaleVersion, VersionRequired, Versions

# possessive quantifiers (*+): backtracking over n spaces would take n² steps
_ELEMENT = re.compile(r'[ \t]*+(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*+)"[ \t]*+)?(?:,|$)')
LONGEST = 8_000  # characters of a header: some 300 tags
_OURS = re.compile(r"(\d{1,9})(?:\.[0-9a-f]{16})?", re.ASCII)

MOMENT = frozenset({"as_of", "known_at"})  # parameters of a state in the past


class Tag(NamedTuple):
    weak: bool
    opaque: str

    @property
    def version(self) -> int | None:
        """Its version; None where the tag is weak or not one of ours: it then matches no version."""
        found = None if self.weak else _OURS.fullmatch(self.opaque)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Tags:
    """The entity tags of a header; `anything` for `*`."""

    listed: frozenset[Tag]
    anything: bool = False


def asked_tags(request: Request, header: str) -> Tags | None:
    """None where the header is missing. Raises InvalidInput where it is no list of entity tags."""
    lines = request.headers.getlist(header)
    if not lines:
        return None
    text = ",".join(lines).strip(" \t")
    if text == "*":
        return Tags(frozenset(), anything=True)
    listed = _read_list(text) if len(text) <= LONGEST else ()
    if not listed:
        raise InvalidInput(
            "if_match_invalid" if header == "If-Match" else "if_none_match_invalid",
            f"{header} phải là nguyên giá trị ETag đã nhận, kể cả dấu ngoặc kép; nhiều giá trị cách nhau bằng dấu phẩy, tối đa {LONGEST} ký tự; hoặc *.",
            f"{header} must be an ETag as received, quotes included, several of them separated by commas, {LONGEST} characters at most, or *.",
            field=header,
        )
    return Tags(frozenset(listed))


def _read_list(text: str) -> list[Tag]:
    """The tags of a header; empty where it holds anything else."""
    tags: list[Tag] = []
    place = 0
    while place < len(text):
        found = _ELEMENT.match(text, place)
        if found is None or found.end() == place:
            return []
        if found[2] is not None:
            tags.append(Tag(bool(found[1]), found[2]))
        place = found.end()
    return tags


# --- changes ----------------------------------------------------------------------------------------------------


async def required_versions(request: Request) -> Versions:
    """The versions that If-Match admits; a change requires the header."""
    tags = asked_tags(request, "If-Match")
    if tags is None:
        raise VersionRequired(
            "if_match_required",
            "Thiếu tiêu đề If-Match: gửi ETag của lần đọc gần nhất.",
            "The header If-Match is missing: send the ETag of your last read.",
            field="If-Match",
        )
    if tags.anything:
        return Versions(None)
    return Versions(frozenset(tag.version for tag in tags.listed if tag.version is not None))


ExpectedVersion = Annotated[Versions, Depends(required_versions)]


def refuse_conditions(request: Request, *, takes_if_match: bool) -> None:
    """Refuse a change with a precondition that its route does not support."""
    for header in ("If-Match", "If-None-Match"):
        if header in request.headers and not (takes_if_match and header == "If-Match"):
            raise StaleVersion(
                "precondition_unsupported",
                f"Yêu cầu này không nhận điều kiện {header}: bỏ tiêu đề đó; If-Match chỉ dùng khi sửa bản ghi có ETag.",
                f"This request takes no condition {header}: leave the header out; If-Match is for changes of what has an ETag.",
                field=header,
            )


# --- reads ------------------------------------------------------------------------------------------------------


def set_etag(response: Response, version: int | None) -> None:
    """`version` None: an answer that no change may depend on."""
    response.headers["ETag"] = '"moment"' if version is None else f'"{version}"'


def conditional(request: Request, response: Response) -> Response:
    """The answer of a read, or what If-Match and If-None-Match make of it, in the order of section 13.2.2."""
    if response.status_code != HTTPStatus.OK or "etag" not in response.headers:
        return response  # preconditions apply to 200 answers with an ETag only
    current = _complete_tag(request, response)
    wanted, held = (asked_tags(request, header) for header in ("If-Match", "If-None-Match"))
    if wanted and not (wanted.anything or _names(wanted, current)):
        raise StaleVersion(
            "version_stale",
            "If-Match không còn đúng với bản ghi: bỏ If-Match để đọc bản hiện tại.",
            "If-Match does not hold for what is there: leave it out to read it as it is.",
            field="If-Match",
        )
    if held and (held.anything or current.opaque in {tag.opaque for tag in held.listed}):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_caching_headers(response))
    return response


def _complete_tag(request: Request, response: Response) -> Tag:
    """The answer's tag, which had the version alone, made whole by the digest."""
    version = response.headers["etag"].strip('"') if MOMENT.isdisjoint(request.query_params) else "moment"
    opaque = f"{version}.{hashlib.sha256(bytes(response.body)).hexdigest()[:16]}"
    response.headers["ETag"] = f'"{opaque}"'
    return Tag(weak=False, opaque=opaque)


def _names(wanted: Tags, current: Tag) -> bool:
    version = set() if current.version is None else {Tag(weak=False, opaque=str(current.version))}
    return bool(wanted.listed & {current, *version})


def _caching_headers(response: Response) -> dict[str, str]:
    return {name: response.headers[name] for name in ("etag", "link", "vary") if name in response.headers}
