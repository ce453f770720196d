"""Memberships of groups, each with its first and last day; those of one agency do not overlap."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from shared.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Membership:
    """An agency's membership from `valid_from` to `valid_to`, both included; without a known last day `valid_to` is None."""

    agency_code: str
    valid_from: date
    valid_to: date | None = None


def check_memberships(memberships: Sequence[Membership], field: str) -> None:
    """Refuse a membership that ends before it begins, and two of one agency that share a day.

    Raises:
        InvalidInput: membership_days.
        Conflict: member_exists.
    """
    for place, each in enumerate(memberships):
        if each.valid_to is not None and each.valid_to < each.valid_from:
            raise InvalidInput(
                "membership_days",
                f"{each.agency_code}: ngày cuối {each.valid_to:%d/%m/%Y} trước ngày đầu {each.valid_from:%d/%m/%Y}.",
                f"{each.agency_code}: the last day {each.valid_to} is before the first, {each.valid_from}.",
                field=f"{field}.{place}.valid_to",
            )
    _check_apart(memberships, field)


def added(known: Sequence[Membership], new: Sequence[Membership], field: str) -> None:
    """Check memberships to be added: against each other, and against those known."""
    check_memberships(new, field)
    _check_apart(new, field, known)


def _check_apart(new: Sequence[Membership], field: str, known: Sequence[Membership] = ()) -> None:
    times = defaultdict(list)
    for each in known:
        times[each.agency_code].append(each)
    for place, each in enumerate(new):
        others = times[each.agency_code]
        if any(_overlap(each, other) for other in others):
            raise _already_member(each, f"{field}.{place}")
        others.append(each)


def ended(known: Sequence[Membership], agency_code: str, valid_to: date, field: str) -> Membership:
    """The membership of an agency that has no last day, to which `valid_to` gives one.

    Raises:
        Conflict: member_unknown.
        InvalidInput: membership_days.
    """
    member = next((each for each in known if each.agency_code == agency_code and each.valid_to is None), None)
    if member is None:
        raise Conflict(
            "member_unknown",
            f"{agency_code} không là thành viên đang tiếp tục của nhóm: xem thành viên tại GET /tasks/v1/groups.",
            f"{agency_code} is no member of the group whose time is open: see its members at GET /tasks/v1/groups.",
            field=field,
        )
    if valid_to < member.valid_from:
        raise InvalidInput(
            "membership_days",
            f"{agency_code}: ngày cuối {valid_to:%d/%m/%Y} trước ngày đầu {member.valid_from:%d/%m/%Y}.",
            f"{agency_code}: the last day {valid_to} is before the first, {member.valid_from}.",
            field=field,
        )
    return member


def require_members(members: Collection[str], codes: Sequence[str], day: date, field: str) -> None:
    """Refuse to give a task to groups that have no member on a day."""
    if not members:
        named = ", ".join(codes)
        raise InvalidInput(
            "group_empty",
            f"Nhóm {named} không có thành viên vào ngày {day:%d/%m/%Y}: thêm thành viên bằng `dondoc groups amend` "
            "(PATCH /tasks/v1/groups), hoặc ghi từng cơ quan.",
            f"The group {named} has no member on {day}: add members with `dondoc groups amend` (PATCH /tasks/v1/groups), "
            "or name each agency.",
            field=field,
        )


def _overlap(left: Membership, right: Membership) -> bool:
    latest = date.max
    return left.valid_from <= (right.valid_to or latest) and right.valid_from <= (left.valid_to or latest)


def _already_member(each: Membership, field: str) -> Conflict:
    return Conflict(
        "member_exists",
        f"{each.agency_code} đã là thành viên của nhóm trong thời gian này: chọn ngày đầu sau ngày cuối của lần trước.",
        f"{each.agency_code} is a member of the group in this time already: begin after its former time's last day.",
        field=field,
    )
